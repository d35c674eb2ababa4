import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ClientOptions, createClient } from './index.ts'
import { resolveOptions } from './options.ts'
import { storeInMemory } from './refresh-token-record.ts'

const issuer = 'https://login.example.com'
const page = { url: 'https://app.example.com/start', hidden: false, online: true, listen: () => () => {} }

describe('options that are refused', () => {
  for (const [words, options] of [
    ['issuer', { issuer: 'login.example.com' }],
    ['issuer', { issuer: `${issuer}/` }],
    ['issuer', { issuer: `${issuer}?a` }],
    ['issuer', { issuer: `${issuer}#a` }],
    ['issuer', { issuer: 'https://user:secret@login.example.com' }],
    ['issuer', { issuer: 'javascript:alert(1)//' }],
    ['issuer: must be https', { issuer: 'http://login.example.com' }],
    ['issuer: must be https', { issuer: 'http://localhost.example.com' }],
    ['storage', { issuer, mode: 'cookie', storage: storeInMemory() }],
    ['routePrefix', { issuer, routePrefix: 'api' }],
    ['routePrefix', { issuer, routePrefix: '/api/' }],
    ['routePrefix', { issuer, routePrefix: '//evil.example.com/api' }],
    ['apiOrigins', { issuer, apiOrigins: ['https://api.example.com/'] }],
    ['apiOrigins', { issuer, apiOrigins: ['*'] }],
    ['apiOrigins', { issuer, apiOrigins: ['null'] }],
  ] satisfies [string, ClientOptions][]) {
    test(`${words}: ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => createClient(options),
        (error) => error instanceof TypeError && error.message.includes(words) && !error.message.includes('secret'),
      )
    })
  }

  test('are named all at once', () => {
    assert.throws(
      () => createClient({ issuer: 'x', routePrefix: 'y', apiOrigins: ['z'] }),
      /issuer.*routePrefix.*apiOrigins/,
    )
  })
})

describe('defaults', () => {
  test('in a page: cookies, and the origins of issuer and page', () => {
    const { mode, storage, apiOrigins, endpoint, base, sharedAs } = resolveOptions({ issuer, environment: { page } })
    assert.deepEqual([mode, storage, [...apiOrigins]], ['cookie', undefined, [issuer, 'https://app.example.com']])
    assert.deepEqual([endpoint('login'), base()], [`${issuer}/api/auth/login`, page.url])
    assert.equal(sharedAs, `countersign ${issuer}/api/auth cookie`)
  })

  test('without a page: bearer, in memory, shared with nobody', () => {
    const { mode, storage, apiOrigins, base, sharedAs } = resolveOptions({ issuer })
    assert.deepEqual(
      [mode, storage?.read(), [...apiOrigins], base(), sharedAs],
      ['bearer', undefined, [issuer], issuer, undefined],
    )
  })

  test('with a storage: bearer', () => {
    const storage = { ...storeInMemory(), sharedAs: 'mine' }
    const { mode, sharedAs } = resolveOptions({ issuer, storage, environment: { page } })
    assert.deepEqual([mode, sharedAs], ['bearer', `countersign ${issuer}/api/auth mine`])
  })
})

test('http is for localhost, and for those who say so', () => {
  for (const loopback of [
    'http://localhost:4000',
    'http://127.0.0.1:4000',
    'http://[::1]:4000',
    'http://localhost/auth',
  ])
    createClient({ issuer: loopback }).close()
  createClient({ issuer: 'http://10.0.2.2:4000', allowInsecureHttp: true }).close()
})

test('a client that nobody uses keeps no process alive and asks nothing', async () => {
  const client = createClient({ issuer: 'https://localhost:1' })
  assert.deepEqual(client.session, { status: 'signed-out' })
  assert.equal(await client.getAccessToken(), undefined)
})
