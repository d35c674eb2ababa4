// What every example API answers: /public to anyone, /orders to the scope orders:read, /admin to the role admin.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeSignature, forge, readSegment } from './forged-token.ts'
import type { Issuer } from './refused-tokens.ts'

/** Tests the routes of an API. */
export function testRoutes(running: () => { url: string; issuer: Issuer }): void {
  async function get(path: string, token?: string) {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(running().url + path, { headers, signal: AbortSignal.timeout(20_000) })
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      body: await response.text(),
    }
  }

  test('answers anyone where no token is needed', async () => {
    assert.equal((await get('/public')).status, 200)
  })

  test('asks for a token where none came', async () => {
    for (const path of ['/orders', '/admin']) {
      const { status, challenge } = await get(path)
      assert.deepEqual([status, challenge], [401, 'Bearer'])
    }
  })

  test('accepts a token that the authorization server has issued, and knows whose it is', async () => {
    const { fresh } = running().issuer
    const { status, body } = await get('/orders', fresh)
    assert.equal(status, 200, body)
    assert.equal(JSON.parse(body).orders[0].customer, readSegment(fresh, 1).sub)
  })

  test('asks for the scope and the role', async () => {
    const { fresh, signer } = running().issuer
    const { status, challenge } = await get('/orders', forge(fresh, signer, {}, { scope: 'profile' }))
    assert.deepEqual([status, challenge], [403, 'Bearer error="insufficient_scope", scope="orders:read"'])
    assert.equal((await get('/admin', fresh)).status, 403)
    assert.equal((await get('/admin', forge(fresh, signer, {}, { roles: ['admin'] }))).status, 200)
  })

  test('refuses forged tokens, those of another service and those that have expired, all alike', async () => {
    const { fresh, signer, attacker } = running().issuer
    const refused = [
      changeSignature(fresh),
      forge(fresh, attacker.signer, { kid: signer.kid }),
      forge(fresh, signer, {}, { aud: 'https://other.example.com' }),
      forge(fresh, signer, {}, { exp: 1000 }),
      forge(fresh, signer, { typ: 'JWT' }),
    ]
    for (const token of refused) {
      const { status, challenge } = await get('/orders', token)
      assert.deepEqual([status, challenge], [401, 'Bearer error="invalid_token"'])
    }
  })
}
