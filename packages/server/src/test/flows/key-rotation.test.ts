/** The life of the signing keys as verifiers and users see it: months pass, and nobody notices. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createVerifier, importJwkSet, type JwkSet } from '@countersign/token'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { StoreUnavailableError } from '../../store/store.ts'
import { rotatePepper } from '../../tokens/keys.ts'
import { createSeal } from '../../tokens/seal.ts'
import { issuer, startTestServer, type TestServer } from '../test-server.ts'

const day = 86_400_000
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

async function publishedBy(server: TestServer): Promise<JwkSet> {
  return (await server.call('GET', '/.well-known/jwks.json')).json
}

/** Waits for what is done in the background. */
async function publishes(server: TestServer, count: number): Promise<string[]> {
  for (let time = 0; time < 200; time++) {
    const kids = (await publishedBy(server)).keys.map(({ kid }) => String(kid))
    if (kids.length === count) return kids
    await setTimeout(10)
  }
  throw new Error(`there are not ${count} keys`)
}

/** Two servers on one database, of which the second has a clock that is the first one's. */
function startTwo(t: TestContext): { one: TestServer; two: TestServer } {
  const one = startTestServer(t)
  return { one, two: { ...startTestServer(t, { store: one.store }), clock: one.clock } }
}

describe('the ring of signing keys', () => {
  test('publishes the key that signs first, and the next one with it', async (t) => {
    const server = startTestServer(t)
    const { accessToken } = await server.signUp()
    const [first, second, ...others] = await publishes(server, 2)
    assert.equal(first, kidOf(accessToken))
    assert.notEqual(second, first)
    assert.deepEqual(others, [])
  })

  test('turns every 90 days by itself: the next key has been published all that time, and no token is refused', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    let known = await publishedBy(server)
    for (let turn = 0; turn < 4; turn++) {
      const [active = '', pending = ''] = await publishes(server, 2)
      server.clock.now += 89 * day
      const { accessToken: before } = await server.signIn()
      assert.equal(kidOf(before), active)
      known = await publishedBy(server)
      server.clock.now = Number((await server.store.listSigningKeys()).at(-1)?.activateAt)
      const { accessToken: after } = await server.signIn()
      assert.equal(kidOf(after), pending)
      for (const token of [before, after]) assert.ok(verifies(known, token), 'by a set that was fetched a day ago')
      assert.deepEqual((await publishes(server, 3)).slice(0, 1), [pending])
      server.clock.now += (600 + 60 + 300) * 1000
      assert.ok(!(await publishes(server, 2)).includes(active), 'the old key is gone')
    }
    const records = await server.store.listSigningKeyRecords()
    assert.equal(records.length, 6)
    assert.ok((await server.store.listSigningKeys()).length <= 3, 'the private halves of old keys are forgotten')
  })

  test('two servers sign with the same key at every moment, without a word between them', async (t) => {
    const { one, two } = startTwo(t)
    await one.signUp()
    const { retireAt } = (await one.store.listSigningKeys())[0] ?? {}
    for (const now of [Number(retireAt) - 1, Number(retireAt), Number(retireAt) + 90 * day]) {
      one.clock.now = now
      const kids = await Promise.all(
        [one, two, one, two].map(async (server) => kidOf((await server.signIn()).accessToken)),
      )
      assert.equal(new Set(kids).size, 1, String(kids))
    }
  })

  test('an emergency signs with the key that every cache holds, and the session goes on', async (t) => {
    const { one, two } = startTwo(t)
    const { accessToken, refreshToken } = await one.signUp()
    const known = await publishedBy(two)
    await one.store.revoke({ kind: 'key', kid: kidOf(accessToken) }, { actor: 'test', reason: 'stolen' })
    const refreshed = await two.refresh(refreshToken)
    assert.equal(refreshed.status, 200)
    assert.notEqual(kidOf(refreshed.json.accessToken), kidOf(accessToken))
    assert.ok(verifies(known, refreshed.json.accessToken))
    assert.equal((await two.call('GET', '/api/auth/me', { token: accessToken })).status, 401)
    const kids = await publishes(two, 2)
    assert.ok(!kids.includes(kidOf(accessToken)), 'and another is pending again')
  })

  test('another algorithm is published for a day before it signs, whichever server asks; at once in development', async (t) => {
    const one = startTestServer(t)
    const { accessToken } = await one.signUp()
    const two = { ...startTestServer(t, { store: one.store, signingAlgorithm: 'EdDSA' }), clock: one.clock }
    assert.equal(kidOf((await two.signIn()).accessToken), kidOf(accessToken))
    assert.ok(two.log.some(({ fields }) => fields.event === 'keys.algorithm' && fields.next === 'EdDSA'))
    assert.deepEqual(
      (await publishedBy(two)).keys.map(({ alg }) => alg),
      ['ES256', 'EdDSA'],
    )
    one.clock.now += day
    for (const server of [one, two]) {
      const { accessToken: token } = await server.signIn()
      assert.equal(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg, 'EdDSA')
      assert.equal((await one.call('GET', '/api/auth/me', { token })).status, 200)
    }
    const three = startTestServer(t, { store: one.store, signingAlgorithm: 'RS256', keyPublishAhead: 0 })
    const { accessToken: last } = await three.signIn()
    assert.equal(JSON.parse(Buffer.from(last.split('.')[0] ?? '', 'base64url').toString()).alg, 'RS256')
  })

  test('a server whose next key cannot be made signs on with what it has, and says so', async (t) => {
    const base = startTestServer(t)
    let isBroken = false
    const store = {
      ...base.store,
      addSigningKey: (...given: Parameters<typeof base.store.addSigningKey>) =>
        isBroken ? Promise.reject(new Error('disk full')) : base.store.addSigningKey(...given),
    }
    const server = { ...startTestServer(t, { store }), clock: base.clock }
    await server.signUp()
    isBroken = true
    server.clock.now += 90 * day
    for (let turn = 0; turn < 3; turn++) await server.signIn()
    await setTimeout(50)
    assert.equal(server.log.filter(({ fields }) => fields.event === 'keys.upkeep').length, 1)
    server.clock.now += 400 * day
    assert.ok((await server.signIn()).accessToken)
  })
})

describe('the master key', () => {
  const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

  test('is replaced without signing anyone out, one server after the other', async (t) => {
    const one = startTestServer(t, { masterKey: old })
    const { accessToken, refreshToken } = await one.signUp()
    const two = {
      ...startTestServer(t, { store: one.store, masterKey: next, previousMasterKey: old }),
      clock: one.clock,
    }
    one.clock.now += 61_000
    const refreshed = await two.refresh(refreshToken)
    assert.equal(refreshed.status, 200)
    assert.equal((await two.call('GET', '/api/auth/me', { token: accessToken })).status, 200)
    assert.equal((await one.refresh(refreshed.json.refreshToken)).status, 200, 'the other runs on with the old one')
    const three = startTestServer(t, { store: one.store, masterKey: next })
    assert.equal((await three.call('GET', '/api/auth/me', { token: accessToken })).status, 200)
    assert.equal((await three.refresh(refreshed.json.refreshToken)).status, 200)
    assert.equal((await publishedBy(three)).keys.length, 2)
  })

  test('that is another is told at the start, and at a change of the keys as 503', async (t) => {
    const one = startTestServer(t, { masterKey: old })
    const { refreshToken } = await one.signUp()
    const wrong = startTestServer(t, { store: one.store, masterKey: next })
    await assert.rejects(wrong.server.ready(), /sealed with another master key/)
    const two = startTestServer(t, { store: one.store, masterKey: next, previousMasterKey: old })
    await two.server.ready()
    const { kid = '' } = (await one.store.listSigningKeys())[0] ?? {}
    await one.store.revoke({ kind: 'key', kid }, { actor: 'test', reason: '' })
    assert.equal((await one.refresh(refreshToken)).status, 503)
    assert.equal((await two.refresh(refreshToken)).status, 200)
  })

  test('names the kid of a shared secret, which stays the same until every server knows the new one', async (t) => {
    const secrets = { signingAlgorithm: 'HS256', signingSecret: 'kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A' } as const
    const one = startTestServer(t, { masterKey: old, ...secrets })
    const { accessToken } = await one.signUp()
    const two = startTestServer(t, { store: one.store, masterKey: next, previousMasterKey: old, ...secrets })
    assert.equal((await two.call('GET', '/api/auth/me', { token: accessToken })).status, 200)
    const later = await two.signIn()
    assert.equal(kidOf(later.accessToken), kidOf(accessToken))
    assert.equal((await one.call('GET', '/api/auth/me', { token: later.accessToken })).status, 200)
    const three = startTestServer(t, { store: one.store, masterKey: next, ...secrets })
    const renamed = await three.signIn()
    assert.notEqual(kidOf(renamed.accessToken), kidOf(accessToken))
    assert.equal((await two.call('GET', '/api/auth/me', { token: renamed.accessToken })).status, 200)
  })
})

test('a refresh token of a pepper that another server has just got is taken', async (t) => {
  const { one, two } = startTwo(t)
  await one.signUp()
  await two.signIn()
  const seal = createSeal(new Uint8Array(32).fill(7))
  const act = { actor: 'test', reason: '' }
  assert.equal(await rotatePepper({ store: one.store, seal, random: (length) => new Uint8Array(length) }, act), 2)
  await one.signIn()
  const { refreshToken } = await one.signIn()
  assert.equal(Buffer.from(refreshToken.split('.')[1] ?? '', 'base64url')[1], 2)
  assert.equal((await two.refresh(refreshToken)).status, 200)
  const loggedOut = await one.signIn()
  const third = startTwo(t)
  await third.one.signUp()
  assert.equal((await third.one.refresh(loggedOut.refreshToken)).status, 401, 'and by no other installation')
})

/** Verifies as somebody does who has fetched the set some time ago. */
function verifies(set: JwkSet, token: string): boolean {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const { keys } = importJwkSet(set)
  const options = { algorithms: ['ES256'], issuer, audience: issuer, typ: 'at+jwt', now: () => claims.iat } as const
  return createVerifier({ keys: [...keys], ...options })(token).jti === claims.jti
}

test('keys of one environment verify nothing in another, although both name the same issuer', async (t) => {
  const [production, staging] = [startTestServer(t), startTestServer(t, { masterKey: new Uint8Array(32).fill(9) })]
  const { accessToken, refreshToken } = await staging.signUp()
  await production.signUp()
  assert.equal((await production.call('GET', '/api/auth/me', { token: accessToken })).status, 401)
  assert.equal((await production.refresh(refreshToken)).status, 401)
  const published = await publishedBy(production)
  assert.throws(() => verifies(published, accessToken), { code: 'key_not_found' })
})

describe('after mishaps', () => {
  const seal = createSeal(new Uint8Array(32).fill(7))
  const act = { actor: 'test', reason: '' }

  test('a row that a server with the old master key has made meanwhile is sealed anew, so that the old one can go', async (t) => {
    const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const one = startTestServer(t, { masterKey: old })
    await one.signUp()
    const two = {
      ...startTestServer(t, { store: one.store, masterKey: next, previousMasterKey: old }),
      clock: one.clock,
    }
    await two.signIn()
    const { kid = '' } = (await one.store.listSigningKeys())[0] ?? {}
    const oldSeal = createSeal(old)
    await rotatePepper(
      { store: one.store, seal: createSeal(next, old), random: (length) => new Uint8Array(length) },
      act,
    )
    await one.store.addPepper({ id: 3, createdAt: 1, sealed: oldSeal.seal(new Uint8Array(32).fill(3), 'pepper 3') })
    await one.store.revoke({ kind: 'key', kid }, act)
    await two.signIn()
    await setTimeout(100)
    await startTestServer(t, { store: one.store, masterKey: next }).server.ready()
  })

  test('no key and no pepper is made that the others could not open', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    const other = {
      store: server.store,
      seal: createSeal(new Uint8Array(32).fill(9)),
      random: () => new Uint8Array(32),
    }
    await assert.rejects(rotatePepper(other, act), /sealed with another master key/)
    assert.equal((await server.store.listPeppers()).length, 1)
    assert.ok((await server.signIn()).refreshToken)
  })

  test('keys that cannot be read make the server unready, and are told of once', async (t) => {
    const old = new Uint8Array(32).fill(1)
    const one = startTestServer(t, { masterKey: old })
    const { refreshToken } = await one.signUp()
    const next = new Uint8Array(32).fill(2)
    await startTestServer(t, { store: one.store, masterKey: next, previousMasterKey: old }).server.ready()
    const { kid = '' } = (await one.store.listSigningKeys())[0] ?? {}
    await one.store.revoke({ kind: 'key', kid }, act)
    for (let time = 0; time < 3; time++) assert.equal((await one.refresh(refreshToken)).status, 503)
    const ready = await one.call('GET', '/readyz')
    assert.deepEqual([ready.status, ready.json.checks.keys], [503, 'unreadable'])
    assert.equal(one.log.filter(({ fields }) => fields.event === 'keys.unreadable').length, 1)
    assert.equal((await one.call('GET', '/.well-known/jwks.json')).headers.get('cache-control'), 'public, max-age=10')
  })

  test('while the store is away the set that is known is published, for a moment', async (t) => {
    const base = startTestServer(t)
    let isAway = false
    const readHead = () => (isAway ? Promise.reject(new StoreUnavailableError('away')) : base.store.readHead())
    const server = startTestServer(t, { store: { ...base.store, readHead } })
    const set = await publishedBy(server)
    isAway = true
    const reply = await server.call('GET', '/.well-known/jwks.json')
    assert.deepEqual([reply.status, reply.json], [200, set])
    assert.equal(reply.headers.get('cache-control'), 'public, max-age=10')
  })

  test('a server that runs through a restore in place reads the keys anew, though their version came to be the same', async (t) => {
    const path = newLocation((remove) => t.after(remove))
    const store = openSqliteStore({ path })
    const one = startTestServer(t, { store })
    await one.signUp()
    await publishes(one, 2)
    const { keysVersion } = await store.readHead()
    const rotate = () => rotatePepper({ store, seal, random: randomBytes }, act)
    await rotate()
    await one.signIn()
    const database = new DatabaseSync(path)
    database.exec(`DELETE FROM peppers WHERE id = 2; UPDATE revocation_feed SET keys_version = ${keysVersion}`)
    database.close()
    await store.completeRestore('restored', false, act)
    await rotate()
    await setTimeout(1100)
    const two = startTestServer(t, { store })
    const { refreshToken } = await two.signIn()
    await publishedBy(one)
    assert.equal((await one.refresh(refreshToken)).status, 200)
  })

  test('a clock that was set months forward and back leaves a ring in which each key ends when the next begins', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    const began = server.clock.now
    server.clock.now += 100 * day
    await server.signIn()
    await publishes(server, 2)
    server.clock.now = began + 1000
    const changed = startTestServer(t, { store: server.store, signingAlgorithm: 'EdDSA' })
    await changed.server.ready()
    const keys = await server.store.listSigningKeys()
    for (const [index, key] of keys.entries()) assert.equal(key.retireAt, keys[index + 1]?.activateAt ?? null)
    assert.equal(keys.at(-1)?.alg, 'EdDSA')
  })
})
