import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccountProfile, Accounts } from '../../accounts/accounts.ts'
import type { Store } from '../../store/store.ts'
import { ada, claimsOf, startTestServer } from '../test-server.ts'

interface Person extends AccountProfile {
  password: string
}

/** An application's users table of one person, who may be changed in mid-flight. */
function usersTable(): Required<Omit<Accounts, 'register'>> & {
  person: Person | undefined
  during: () => Promise<void>
} {
  return {
    person: {
      id: '42',
      ...ada,
      emailVerified: true,
      roles: ['editor'],
      createdAt: 1_700_000_000,
      claims: { tenant: 't1' },
    },
    during: async () => {},
    async verifyCredentials(email, password) {
      const matches = this.person?.email === email && this.person.password === password
      await this.during()
      return matches ? this.person : null
    },
    async findAccount(id) {
      return this.person?.id === id ? this.person : null
    },
    async changePassword({ currentPassword, newPassword }) {
      if (this.person?.password !== currentPassword) return 'wrong_password'
      this.person.password = newPassword
      return 'changed'
    },
    async deleteAccount() {
      this.person = undefined
      return 'deleted'
    },
  }
}

const change = { currentPassword: ada.password, newPassword: 'another long password' }

describe("an application's own users table", () => {
  test('signs in, refreshes and shows the profile of its people, without an account in the store', async (t) => {
    const { call, signIn, refresh, store } = startTestServer(t, {
      accounts: usersTable(),
      roleScopes: { editor: ['articles:write'] },
    })
    const tokens = await signIn()
    const claims = claimsOf(tokens.accessToken)
    assert.deepEqual(
      [claims.sub, claims.roles, claims.scope, claims.tenant],
      ['42', ['editor'], 'articles:write', 't1'],
    )
    assert.equal((await refresh(tokens.refreshToken)).status, 200)
    const { user } = (await call('GET', '/api/auth/me', { token: tokens.accessToken })).json
    assert.deepEqual(user, {
      id: '42',
      email: ada.email,
      emailVerified: true,
      roles: ['editor'],
      createdAt: 1_700_000_000,
    })
    assert.equal(await store.findAccount('42'), undefined)
  })

  test('answers for what it cannot do are those of a path that is not there', async (t) => {
    const { findAccount, verifyCredentials } = usersTable()
    const { call } = startTestServer(t, { accounts: { findAccount, verifyCredentials } })
    for (const path of ['/api/auth/register', '/api/auth/password'])
      assert.equal((await call('POST', path, { json: {} })).status, 404)
    assert.equal((await call('DELETE', '/api/users/profile', { json: {} })).status, 405)
  })

  test('refuses a person who is gone: at login, at refresh and at the profile', async (t) => {
    const accounts = usersTable()
    const { call, signIn, refresh } = startTestServer(t, { accounts })
    const { accessToken, refreshToken } = await signIn()
    accounts.person = undefined
    await assert.rejects(signIn(), /401/)
    const refused = await refresh(refreshToken)
    assert.deepEqual([refused.status, refused.json.code], [401, 'invalid_grant'])
    assert.equal((await call('GET', '/api/auth/me', { token: accessToken })).status, 401)
  })

  test('a password change ends the other sessions, and only with the present password', async (t) => {
    const { call, signIn, refresh } = startTestServer(t, { accounts: usersTable() })
    const [mine, other] = [await signIn(), await signIn()]
    const wrong = await call('POST', '/api/auth/password', {
      token: mine.accessToken,
      json: { ...change, currentPassword: 'wrong' },
    })
    assert.equal(wrong.status, 401)
    assert.equal((await refresh(other.refreshToken)).status, 200)
    assert.equal((await call('POST', '/api/auth/password', { token: mine.accessToken, json: change })).status, 204)
    assert.equal((await refresh(other.refreshToken)).status, 401)
    assert.equal((await refresh(mine.refreshToken)).status, 200)
  })

  test('deletion ends every session', async (t) => {
    const { call, signIn, refresh } = startTestServer(t, { accounts: usersTable() })
    const [mine, other] = [await signIn(), await signIn()]
    const json = { currentPassword: ada.password }
    assert.equal((await call('DELETE', '/api/users/profile', { token: mine.accessToken, json })).status, 204)
    for (const { refreshToken } of [mine, other]) assert.equal((await refresh(refreshToken)).status, 401)
  })

  test('a login that verified the old password opens nothing once the password has changed', async (t) => {
    const accounts = usersTable()
    const { call, signIn } = startTestServer(t, { accounts })
    const { accessToken } = await signIn()
    accounts.during = async () => {
      accounts.during = async () => {}
      assert.equal((await call('POST', '/api/auth/password', { token: accessToken, json: change })).status, 204)
    }
    const late = await call('POST', '/api/auth/login', { json: ada })
    assert.deepEqual([late.status, late.json.code], [401, 'invalid_credentials'])
    assert.ok(await signIn(ada.email, change.newPassword))
  })

  test('sessions that cannot be ended after a password change are tried again, and reported', async (t) => {
    const accounts = usersTable()
    const { call, signIn, store, log } = startTestServer(t, { accounts })
    const { accessToken } = await signIn()
    const { revokeSessions } = store
    let tries = 0
    const failing = (times: number): Store['revokeSessions'] => {
      tries = 0
      return async (...call) => {
        if (tries++ < times) throw new Error('away')
        return revokeSessions(...call)
      }
    }
    store.revokeSessions = failing(2)
    assert.equal((await call('POST', '/api/auth/password', { token: accessToken, json: change })).status, 204)
    assert.equal(tries, 3)
    store.revokeSessions = failing(99)
    const json = { currentPassword: change.newPassword, newPassword: ada.password }
    assert.equal((await call('POST', '/api/auth/password', { token: accessToken, json })).status, 503)
    assert.ok(log.some(({ level, fields }) => level === 'error' && fields.event === 'sessions.not_ended'))
  })

  test('a change that the application refuses in its own way ends no session', async (t) => {
    const accounts = usersTable()
    accounts.changePassword = async () => {
      throw new Error('used before')
    }
    const { call, signIn, refresh } = startTestServer(t, { accounts })
    const [mine, other] = [await signIn(), await signIn()]
    assert.equal((await call('POST', '/api/auth/password', { token: mine.accessToken, json: change })).status, 500)
    assert.equal((await refresh(other.refreshToken)).status, 200)
  })

  test('an outcome that is none ends the sessions all the same, and is an error', async (t) => {
    const accounts = usersTable()
    accounts.changePassword = async () => true as never
    const { call, signIn, refresh } = startTestServer(t, { accounts })
    const [mine, other] = [await signIn(), await signIn()]
    assert.equal((await call('POST', '/api/auth/password', { token: mine.accessToken, json: change })).status, 500)
    assert.equal((await refresh(other.refreshToken)).status, 401)
  })

  test('registration answers with id and address alone, whatever the application returns', async (t) => {
    const row = { id: '43', email: 'eve@example.com', passwordHash: 'SECRET' }
    const { call } = startTestServer(t, { accounts: { ...usersTable(), register: async () => row } })
    const reply = await call('POST', '/api/auth/register', { json: { email: row.email, password: ada.password } })
    assert.deepEqual(reply.json, { user: { id: '43', email: 'eve@example.com' } })
  })

  test('another account than the one asked for is refused', async (t) => {
    const accounts = usersTable()
    const { refresh, signIn } = startTestServer(t, { accounts })
    const { refreshToken } = await signIn()
    accounts.findAccount = async () => ({ ...ada, id: 'admin', emailVerified: true, roles: ['admin'], createdAt: 1 })
    assert.equal((await refresh(refreshToken)).status, 500)
  })

  test('what the application throws is a 500, be it an Error or not', async (t) => {
    const cycle = new Error('round')
    cycle.cause = cycle
    for (const thrown of ['text', null, { a: 1 }, cycle]) {
      const accounts = usersTable()
      accounts.verifyCredentials = async () => {
        throw thrown
      }
      const { call, log } = startTestServer(t, { accounts })
      const reply = await call('POST', '/api/auth/login', { json: ada })
      assert.deepEqual([reply.status, reply.json.code], [500, 'server_error'])
      assert.ok(log.some(({ level }) => level === 'error'))
    }
  })

  test('what is no account is refused by name, in the log, and signs nobody in', async (t) => {
    const accounts = usersTable()
    const { call, log } = startTestServer(t, {
      accounts: { ...accounts, verifyCredentials: async () => ({ id: 42 }) as never },
    })
    assert.equal((await call('POST', '/api/auth/login', { json: ada })).status, 500)
    assert.match(
      JSON.stringify(log),
      /accounts\.verifyCredentials answered with something else than an account: id \(invalid_type\), email/,
    )
  })
})

describe('what is set on an account', () => {
  test('is refused when no access token could carry it', async (t) => {
    const { server, signUp } = startTestServer(t)
    const sub = String(claimsOf((await signUp()).accessToken).sub)
    const bad = [{ roles: 'admin' }, { roles: [1] }, { claims: [] }, { claims: { f: () => 1 } }, { role: ['x'] }]
    const large = [
      { roles: ['x'.repeat(1100)] },
      { claims: { text: 'x'.repeat(2100) } },
      { claims: JSON.parse('{"__proto__":1}') },
    ]
    const deep = JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`)
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const unsignable = [{ claims: { deep } }, { claims: { cycle } }, { claims: { x: JSON.parse('{"__proto__":1}') } }]
    for (const change of [...bad, ...large, ...unsignable])
      await assert.rejects(server.updateAccount(sub, change as object), TypeError)
    assert.equal(await server.updateAccount(sub, { roles: ['admin'], claims: { plan: { name: 'gold' } } }), 'updated')
    assert.equal(await server.updateAccount('usr_nobody', { roles: [] }), 'unknown')
  })

  test('claims that fail at login leave no session behind', async (t) => {
    let sub = ''
    const server = startTestServer(t, {
      accessTokenClaims: ({ id }) => {
        sub = id
        throw new Error('the tenant table is away')
      },
    })
    await assert.rejects(server.signUp(), /500/)
    assert.deepEqual(await server.store.listLiveSessions(sub), [])
  })
})
