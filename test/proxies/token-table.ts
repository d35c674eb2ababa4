// Shows a proxy that verifies tokens itself every token that an API must refuse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forge, readSegment } from '../examples/forged-token.ts'
import type { LiveIssuer } from '../examples/live-issuer.ts'
import { refusedTokens } from '../examples/refused-tokens.ts'
import { bearer, type Guarded, sendInVain, type User } from './conformance.ts'
import { send } from './raw-request.ts'

/** The user who has signed in at the issuer, and one like that with roles. */
export function usersOf({ fresh, signer }: LiveIssuer): { user: User; admin: User } {
  const userId = String(readSegment(fresh, 1).sub)
  const admin = forge(fresh, signer, {}, { sub: 'usr_admin', roles: ['owner', 'admin'] })
  return { user: { userId, accessToken: fresh }, admin: { userId: 'usr_admin', accessToken: admin } }
}

/**
 * Declares a test for each token of the table, and for some of this place.
 *
 * @param limits the titles of those that the proxy takes all the same, as its documentation says
 */
export function testTokens(guarded: () => Guarded, issuer: () => LiveIssuer, limits: string[]): void {
  for (const { title, token } of refusedTokens.filter((refused) => !limits.includes(refused.title))) {
    test(`refuses a token ${title}`, async () => {
      const { status, header } = await sendInVain(guarded(), {
        headers: [bearer({ accessToken: token(issuer()) })],
      })
      // What is too long for a header is refused before it is a token.
      if (status === 400 && title === 'that is too long') return
      assert.deepEqual([status, header('www-authenticate').length], [401, 1])
      assert.match(header('www-authenticate').join(), /^Bearer error="invalid_token"/)
    })
  }

  for (const { title, token } of refusedTokens.filter((refused) => limits.includes(refused.title))) {
    test(`takes a token ${title}, as its documentation says`, async () => {
      const { status } = await send({ port: guarded().port, headers: [bearer({ accessToken: token(issuer()) })] })
      assert.equal(status, 200)
    })
  }

  const changed = (claims: Record<string, unknown>) => ({
    headers: [bearer({ accessToken: forge(issuer().fresh, issuer().signer, {}, claims) })],
  })

  test('takes a token for several audiences of which it is one', async () => {
    const aud = ['https://other.example.com', String(readSegment(issuer().fresh, 1).aud)]
    assert.equal((await send({ port: guarded().port, ...changed({ aud }) })).status, 200)
  })

  test('refuses a token that is bound to a key (RFC 9449 §7.2)', async () => {
    const cnf = { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
    assert.equal((await sendInVain(guarded(), changed({ cnf }))).status, 401)
  })

  test('adds no header that a claim brings along', async () => {
    for (const value of ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\n', 'a\u0000b', 'ü'])
      assert.equal((await sendInVain(guarded(), changed({ sub: value }))).status, 401)
    for (const claims of [{ scope: 'a\r\nX-Evil: 1' }, { roles: ['a\r\nX-Evil: 1'] }]) {
      const { reached } = await send({ port: guarded().port, ...changed(claims) })
      assert.equal(reached?.headers['x-evil'], undefined)
    }
  })

  test('gives the role of an administrator to nobody whose role is spelt otherwise', async () => {
    for (const roles of [[], ['Admin'], ['admin '], ['administrator'], ['xadmin'], ['x,admin'], ['admin\n']])
      await sendInVain(guarded(), { path: '/admin', ...changed({ roles }) })
  })

  test('takes a token after its user has logged out, as its documentation says', async () => {
    await issuer().logOut()
    const headers = [bearer({ accessToken: issuer().fresh })]
    assert.equal((await send({ port: guarded().port, headers })).status, 200)
  })
}
