// The second in which something is revoked: what was issued before is refused, what is issued right after is accepted.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { protectApi } from '../protected-api.ts'
import { createTestClient, form } from '../test-client.ts'
import { ada, claimsOf, issuer, startTestServer, type TestServer, type Tokens } from '../test-server.ts'

const root = { email: 'root@example.com', password: 'another quite long password' }
/** Milliseconds into the second in which it is revoked. */
const moments = [0, 1, 500, 998, 999]
/** How far the verifier's clock is ahead of the database's, in seconds. */
const skews = [-2, -0.5, 0, 0.5, 2]

type Act = (server: TestServer, first: Tokens) => Promise<{ readonly status: number }>

const sub = ({ accessToken }: Tokens) => String(claimsOf(accessToken).sub)

async function asAdmin(server: TestServer, path: string, json: object = {}): Promise<{ readonly status: number }> {
  const { accessToken: token } = await server.signIn(root.email, root.password)
  return server.call('POST', path, { token, json })
}

const acts: Readonly<Record<string, Act>> = {
  'logout everywhere': ({ call }, { accessToken: token }) => call('POST', '/api/auth/logout-all', { token }),
  'a password change': ({ call }, { accessToken: token }) => {
    const { password } = ada
    return call('POST', '/api/auth/password', { token, json: { currentPassword: password, newPassword: password } })
  },
  'suspension and restoration': async (server, first) => {
    const path = `/api/admin/users/${sub(first)}`
    assert.equal((await asAdmin(server, `${path}/suspend`)).status, 204)
    return asAdmin(server, `${path}/restore`)
  },
  'revocation of the user': (server, first) =>
    asAdmin(server, '/api/admin/revocations', { sub_id: { format: 'iss_sub', iss: issuer, sub: sub(first) } }),
  'revocation of everything': (server) => asAdmin(server, '/api/admin/revocations', { sub_id: { format: 'all' } }),
}

async function start(t: TestContext, skew: number, options: Parameters<typeof startTestServer>[1] = {}) {
  const server = startTestServer(t, options)
  const { accessToken } = await server.signUp(root.email, root.password)
  await server.server.updateAccount(String(claimsOf(accessToken).sub), { roles: ['admin'] })
  await server.signUp()
  return { server, api: await protectApi(t, server, { skew }) }
}

describe('revoked and signed in again in the same second', () => {
  for (const skew of skews) {
    test(`with a verifier whose clock is ${skew} s ahead: the old token is refused, the new one accepted`, async (t) => {
      const { server, api } = await start(t, skew)
      for (const [name, act] of Object.entries(acts))
        for (const moment of moments) {
          const what = `${name} at ${moment} ms`
          server.clock.now = Math.ceil(server.clock.now / 1000) * 1000 + 2000 + moment
          await api.isLive()
          const [first, other] = [await server.signIn(), await server.signIn()]
          assert.equal(await api.statusOf(first.accessToken), 200, what)
          const { status } = await act(server, first)
          assert.ok(status === 204 || status === 200, `${what}: ${status}`)
          const next = await server.signIn()
          const { iat } = claimsOf(next.accessToken)
          assert.ok(Number(iat) <= server.clock.now / 1000, `${what}: dated in the future`)
          await api.refuses(other.accessToken)
          assert.equal(await api.statusOf(next.accessToken), 200, what)
          const me = (token: string) => server.call('GET', '/api/auth/me', { token })
          assert.equal((await me(other.accessToken)).status, 401, what)
          assert.equal((await me(next.accessToken)).status, 200, what)
          if (name !== 'a password change') assert.equal(await api.statusOf(first.accessToken), 401, what)
        }
    })
  }

  test("a client's token is judged by the same rule, when the client is revoked and when everything is", async (t) => {
    const { server, api } = await start(t, 0)
    const client = await createTestClient(server, ['orders:read'])
    const ask = async () => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: issuer }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: client.basic }
      return (await server.call('POST', '/oauth/token', { body, headers })).json.access_token as string
    }
    for (const subject of [{ format: 'client', client_id: client.id }, { format: 'all' }])
      for (const moment of moments) {
        server.clock.now = Math.ceil(server.clock.now / 1000) * 1000 + 2000 + moment
        await api.isLive()
        const old = await ask()
        assert.equal((await asAdmin(server, '/api/admin/revocations', { sub_id: subject })).status, 204)
        const next = await ask()
        assert.ok(Number(claimsOf(next).iat) <= server.clock.now / 1000)
        await api.refuses(old)
        assert.equal(await api.statusOf(next), 200)
      }
  })
})

describe('revoked twice in one second, with an answer held until its end in between', () => {
  /** Starts a server that does something once while it holds an answer, which is dated into the next second. */
  async function startHolding(t: TestContext) {
    let meanwhile: (() => Promise<unknown>) | undefined
    const sleep = async (time: number) => {
      const run = meanwhile
      meanwhile = undefined
      await run?.()
      server.clock.now = Math.max(server.clock.now, heldUntil(time))
    }
    const began = await start(t, 0, { sleep: sleep as never })
    const { server } = began
    const heldUntil = (time: number) => Math.floor(server.clock.now / 1000) * 1000 + (time > 0 ? 1000 : 0)
    server.clock.now = Math.ceil(server.clock.now / 1000) * 1000 + 2100
    await began.api.isLive()
    return { ...began, whileHeld: (run: () => Promise<unknown>) => (meanwhile = run) }
  }

  const act = { actor: 'test', reason: '' }
  const seconds = {
    'a suspension': (server: TestServer, userId: string) => server.store.suspendUser(userId, act),
    'a revocation of the user': (server: TestServer, userId: string) =>
      server.store.revoke({ kind: 'user', userId }, act),
    'a revocation of everything': (server: TestServer) => server.store.revoke({ kind: 'all' }, act),
    'the end of the session': async ({ store }: TestServer, userId: string) => {
      for (const { sid } of await store.listLiveSessions(userId)) await store.revoke({ kind: 'session', sid }, act)
    },
  }
  for (const [name, second] of Object.entries(seconds)) {
    test(`${name} ends what a login is about to be given`, async (t) => {
      const { server, whileHeld } = await startHolding(t)
      const first = await server.signIn()
      await server.call('POST', '/api/auth/logout-all', { token: first.accessToken })
      whileHeld(() => second(server, sub(first)))
      const reply = await server.call('POST', '/api/auth/login', { json: ada })
      assert.deepEqual([reply.status, reply.json.code], [401, 'invalid_credentials'])
    })

    test(`${name} ends what a refresh is about to be given`, async (t) => {
      const { server, whileHeld } = await startHolding(t)
      const first = await server.signIn()
      const passwords = { currentPassword: ada.password, newPassword: ada.password }
      await server.call('POST', '/api/auth/password', { token: first.accessToken, json: passwords })
      whileHeld(() => second(server, sub(first)))
      const reply = await server.refresh(first.refreshToken)
      assert.deepEqual([reply.status, reply.json.code], [401, 'invalid_grant'])
    })
  }

  test('the end of a client ends what it is about to be given', async (t) => {
    const { server, whileHeld } = await startHolding(t)
    const { id, basic } = await createTestClient(server, ['orders:read'])
    await server.store.revoke({ kind: 'client', clientId: id }, act)
    whileHeld(() => server.store.disableClient(id, act))
    const reply = await form(server, '/oauth/token', { grant_type: 'client_credentials' }, basic)
    assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_client'])
  })

  for (const kind of ['client', 'all'] as const)
    test(`a client gets a token that was made after the second revocation: ${kind}`, async (t) => {
      const { server, api, whileHeld } = await startHolding(t)
      const { id, basic } = await createTestClient(server, ['orders:read'])
      const revoke = () => server.store.revoke(kind === 'all' ? { kind } : { kind, clientId: id }, act)
      await revoke()
      let madeBefore = 0
      whileHeld(async () => {
        madeBefore = server.clock.now
        await revoke()
      })
      const { json } = await form(server, '/oauth/token', { grant_type: 'client_credentials', resource: issuer }, basic)
      const { iat } = claimsOf(json.access_token)
      assert.ok(Number(iat) * 1000 > madeBefore && Number(iat) <= server.clock.now / 1000)
      server.clock.now += 500
      await api.isLive()
      assert.equal(await api.statusOf(json.access_token), 200)
    })
})
