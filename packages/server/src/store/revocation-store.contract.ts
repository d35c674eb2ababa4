/** What every store must do for the revocation feed: entries beside acts, numbers without gaps, and what they revoke. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe } from 'node:test'
import type { RevocationTarget } from './revocation-store.ts'
import { addKey, createRule, type StoreFixture } from './store.contract.ts'
import type { NewSession, Store } from './store.ts'

const act = { actor: 'tester', reason: 'a test' }
const start = 1_800_000_000_500
const seconds = 1_800_000_000
const limits = { leeway: 15_000, hold: 60_000 }

/** Runs the contract on a store. */
export function revocationContract(name: string, fixture: StoreFixture): void {
  const rule = createRule(fixture, (store) => store.declareTokenLifetime(600))

  describe(`${name}: entries`, () => {
    const acts: [
      string,
      (store: Store, session: NewSession) => Promise<unknown>,
      (session: NewSession) => unknown[],
    ][] = [
      [
        'a logout',
        (store, { sid, userId }) => store.revokeSession({ sid, userId }, 'logout'),
        ({ sid }) => ['s', sid, 0, seconds + 661],
      ],
      [
        'a logout everywhere',
        (store, { userId }) => store.revokeSessions(userId, 'logout_all'),
        ({ userId }) => ['u', userId, seconds + 1, seconds + 661],
      ],
      [
        'a password change',
        (store, { userId, sid }) =>
          store.replacePassword({ userId, fromVersion: 1, passwordHash: 'new', keepSid: sid }),
        ({ userId }) => ['u', userId, seconds + 1, seconds + 661],
      ],
      [
        'the deletion of an account',
        (store, { userId }) => store.deleteAccount(userId, 1),
        ({ userId }) => ['u', userId, seconds + 1, seconds + 661],
      ],
      [
        'a suspension',
        (store, { userId }) => store.suspendUser(userId, act),
        ({ userId }) => ['u', userId, seconds + 1, seconds + 661],
      ],
      [
        'the revocation of a token',
        (store) => store.revoke({ kind: 'token', jti: 'token-1' }, act),
        () => ['j', 'token-1', 0, seconds + 661],
      ],
      [
        'the revocation of a session',
        (store, { sid }) => store.revoke({ kind: 'session', sid }, act),
        ({ sid }) => ['s', sid, 0, seconds + 661],
      ],
      [
        'the revocation of a user',
        (store, { userId }) => store.revoke({ kind: 'user', userId }, act),
        ({ userId }) => ['u', userId, seconds + 1, seconds + 661],
      ],
      [
        'the end of a client',
        (store) => store.disableClient('client-1', act),
        () => ['c', 'client-1', seconds + 1, seconds + 661],
      ],
      [
        'the revocation of a client',
        (store) => store.revoke({ kind: 'client', clientId: 'client-1' }, act),
        () => ['c', 'client-1', seconds + 1, seconds + 661],
      ],
      [
        'the revocation of a key',
        (store) => store.revoke({ kind: 'key', kid: 'key-1' }, act),
        () => ['k', 'key-1', 0, seconds + 1 + 30 * 86_400],
      ],
      [
        'the revocation of everything',
        (store) => store.revoke({ kind: 'all' }, act),
        () => ['g', '', seconds + 1, seconds + 661],
      ],
    ]
    for (const [what, run, entry] of acts) {
      rule(`${what} writes its entry in the same transaction`, async ({ store }) => {
        const session = await populate(store)
        await run(store, session)
        const head = await store.sequence(100, 500)
        assert.deepEqual(await store.readRevocations(0, 100), [{ seq: 1, entry: entry(session) }])
        assert.deepEqual((await store.readSnapshot()).entries, [entry(session)])
        assert.equal(head.seq, 1)
      })
    }

    rule('theft writes its entry and a line in the audit table', async ({ store, clock }) => {
      const session = await populate(store)
      const present = (gen: number) => ({
        ...{
          ridHash: session.ridHash,
          gen,
          att: 0,
          clientId: 'first-party',
          modes: ['bearer'] as const,
          pepperId: 1,
          limits,
        },
        ...{ idleLifetime: 86_400_000, audience: null, deadline: Number.MAX_SAFE_INTEGER },
      })
      for (const gen of [1, 2]) {
        clock.now += 120_000
        assert.equal((await store.rotate(present(gen))).outcome, 'rotated')
      }
      assert.equal((await store.rotate(present(1))).outcome, 'reused')
      await store.sequence(100, 500)
      assert.deepEqual(
        (await store.readRevocations(0, 10)).map(({ entry: [kind, value] }) => [kind, value]),
        [['s', session.sid]],
      )
      const [line] = await store.listAudit(undefined, 10)
      assert.deepEqual([line?.event, line?.subject, line?.actor], ['refresh.reuse', session.sid, session.userId])
    })

    rule('acts that change nothing write nothing', async ({ store }) => {
      const { sid, userId } = await populate(store)
      await store.revokeSession({ sid, userId }, 'sign_in_failed')
      await store.revokeSession({ sid, userId }, 'logout')
      const unknown: RevocationTarget[] = [
        { kind: 'user', userId: 'nobody' },
        { kind: 'session', sid: 'none' },
        { kind: 'client', clientId: 'none' },
        { kind: 'key', kid: 'none' },
      ]
      for (const target of unknown)
        assert.deepEqual(await store.revoke(target, act), { outcome: 'unknown' }, target.kind)
      assert.deepEqual(await store.suspendUser('nobody', act), { outcome: 'unknown' })
      assert.deepEqual(await store.disableClient('none', act), { outcome: 'unknown' })
      assert.equal((await store.sequence(100, 500)).seq, 0)
    })

    rule(
      'live as long as the longest token that they may revoke, also after the lifetime was shortened',
      async ({ store, clock }) => {
        const { userId } = await populate(store)
        await store.declareTokenLifetime(3600)
        await store.declareTokenLifetime(60)
        await store.revokeSessions(userId, 'logout_all')
        clock.now += 3_601_000
        await store.revokeSessions(userId, 'logout_all')
        await store.sequence(100, 500)
        const lifetimes = (await store.readRevocations(0, 10)).map(({ entry: [, , notBefore, exp] }) => exp - notBefore)
        assert.deepEqual(lifetimes, [3660, 120])
      },
    )
  })

  describe(`${name}: numbers`, () => {
    rule('are given in the order of writing, without gaps, whoever gives them', async ({ store, openAgain }) => {
      const other = await openAgain()
      for (let turn = 0; turn < 50; turn += 1) await store.revoke({ kind: 'token', jti: `token-${turn}` }, act)
      const heads = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : other).sequence(7, 500)),
      )
      assert.equal(Math.max(...heads.map(({ seq }) => seq)), 50)
      const found = await other.readRevocations(0, 100)
      assert.deepEqual(
        found.map(({ seq }) => seq),
        Array.from({ length: 50 }, (_, index) => index + 1),
      )
      assert.deepEqual(
        found.map(({ entry }) => entry[1]),
        Array.from({ length: 50 }, (_, index) => `token-${index}`),
      )
    })

    rule('are not given twice, also when the newest entry is forgotten', async ({ store, clock }) => {
      await store.revoke({ kind: 'token', jti: 'token-1' }, act)
      assert.equal((await store.sequence(10, 500)).seq, 1)
      clock.now += 700_000
      await store.sequence(10, 500)
      assert.equal((await store.readRevocations(0, 10)).length, 1, 'the clock may have been set forward')
      clock.now += 3_600_000
      assert.equal((await store.sequence(10, 500)).seq, 1)
      assert.deepEqual(await store.readRevocations(0, 10), [])
      await store.revoke({ kind: 'token', jti: 'token-2' }, act)
      assert.equal((await store.sequence(10, 500)).seq, 2)
      assert.deepEqual(
        (await store.readRevocations(0, 10)).map(({ seq }) => seq),
        [2],
      )
    })

    rule('a tick is written when it is due, and not before', async ({ store, clock }) => {
      const first = await store.sequence(10, 500)
      clock.now += 499
      assert.equal((await store.sequence(10, 500)).tickAt, first.tickAt)
      clock.now += 1
      assert.equal((await store.sequence(10, 500)).tickAt, start + 500)
    })

    rule('go on in a history that has begun anew', async ({ store }) => {
      await store.revoke({ kind: 'token', jti: 'token-1' }, act)
      await store.sequence(10, 500)
      await store.beginEpoch('another')
      const head = await store.readHead()
      assert.match(head.epoch, /^another(-\d+-\d+)?$/)
      assert.equal(head.seq, 1)
    })

    rule('a snapshot holds what is in force, each thing once', async ({ store, clock }) => {
      const { userId } = await populate(store)
      await store.revoke({ kind: 'token', jti: 'old' }, act)
      await store.sequence(10, 500)
      clock.now += 600_000
      await store.revokeSessions(userId, 'logout_all')
      await store.revokeSessions(userId, 'logout_all')
      await store.sequence(10, 500)
      clock.now += 61_000
      await store.revoke({ kind: 'token', jti: 'not numbered yet' }, act)
      const { head, now, entries } = await store.readSnapshot()
      assert.equal(head.seq, 3)
      assert.equal(now, clock.now)
      assert.deepEqual(entries, [['u', userId, seconds + 601, seconds + 1261]])
    })
  })

  describe(`${name}: what is revoked`, () => {
    rule('is found at once, numbered or not, by each of its marks', async ({ store }) => {
      const { sid, userId } = await populate(store)
      const token = { sid, jti: 'token-1', sub: userId, clientId: 'client-1', kid: 'key-1', iat: seconds }
      assert.equal(await store.isRevoked(token), false)
      await store.revoke({ kind: 'user', userId }, act)
      assert.equal(await store.isRevoked(token), true)
      assert.equal(await store.isRevoked({ ...token, iat: seconds + 1 }), false)
      await store.revoke({ kind: 'client', clientId: 'client-1' }, act)
      assert.equal(await store.isRevoked({ clientId: 'client-1', iat: seconds }), true)
      assert.equal(await store.isRevoked({ clientId: 'client-1', iat: seconds + 1 }), false)
      await store.revoke({ kind: 'key', kid: 'key-1' }, act)
      assert.equal(await store.isRevoked({ kid: 'key-1', iat: seconds + 1000 }), true)
      assert.equal(await store.isRevoked({ jti: 'key-1' }), false)
    })

    const ends: [string, (store: Store, session: NewSession, clock: { now: number }) => unknown][] = [
      ['it is revoked', (store) => store.revoke({ kind: 'token', jti: 'token-1' }, act)],
      ['its session is revoked', (store, { sid }) => store.revoke({ kind: 'session', sid }, act)],
      ['its user is revoked', (store, { userId }) => store.revoke({ kind: 'user', userId }, act)],
      ['its client is revoked', (store) => store.revoke({ kind: 'client', clientId: 'client-1' }, act)],
      ['its key is revoked', (store) => store.revoke({ kind: 'key', kid: 'key-1' }, act)],
      ['everything is revoked', (store) => store.revoke({ kind: 'all' }, act)],
      ['its session has been idle for too long', (_, { idleLifetime }, clock) => (clock.now += idleLifetime)],
    ]
    for (const [what, end] of ends) {
      rule(`a token is in force until ${what}`, async ({ store, clock }) => {
        const session = await populate(store)
        const { sid, userId: sub } = session
        const token = { sid, jti: 'token-1', sub, clientId: 'client-1', kid: 'key-1', iat: seconds }
        assert.equal(await store.isInForce(token), true)
        await end(store, session, clock)
        assert.equal(await store.isInForce(token), false)
      })
    }

    rule('a token is in force with a session of its own subject only, or without one', async ({ store }) => {
      const { sid, userId: sub } = await populate(store)
      assert.equal(await store.isInForce({ sid, sub, iat: seconds }), true)
      assert.equal(await store.isInForce({ sid, sub: 'usr_2', iat: seconds }), false)
      assert.equal(await store.isInForce({ sid, iat: seconds }), false)
      assert.equal(await store.isInForce({ sid: 'another', sub, iat: seconds }), false)
      assert.equal(await store.isInForce({ sub: 'client-1', clientId: 'client-1', iat: seconds }), true)
    })

    rule('everything ends every session, and no earlier one refreshes', async ({ store }) => {
      const session = await populate(store)
      await store.revoke({ kind: 'all' }, act)
      assert.equal(await store.findLiveSession(session.sid), undefined)
      const later = await store.openSession(newSession())
      assert.equal(later.outcome, 'opened')
      assert.equal(later.outcome === 'opened' && later.notBefore, (seconds + 1) * 1000)
    })

    rule('everything ends a session too that was opened after another act in the same second', async ({ store }) => {
      const { userId } = await populate(store)
      await store.revoke({ kind: 'user', userId }, act)
      const later = newSession()
      assert.equal((await store.openSession(later)).outcome, 'opened')
      await store.revoke({ kind: 'all' }, act)
      assert.equal(await store.findLiveSession(later.sid), undefined)
    })

    rule('a suspended user cannot sign in until restored', async ({ store }) => {
      const { userId } = await populate(store)
      assert.deepEqual(await store.suspendUser(userId, act), { outcome: 'suspended' })
      assert.deepEqual(await store.suspendUser(userId, act), { outcome: 'suspended' })
      assert.equal((await store.openSession(newSession())).outcome, 'credentials_changed')
      assert.deepEqual(await store.restoreUser(userId, act), { outcome: 'restored' })
      assert.equal((await store.openSession(newSession())).outcome, 'opened')
      assert.deepEqual(
        (await store.listAudit(undefined, 10)).map(({ event }) => event),
        ['user.restore', 'user.suspend', 'user.suspend', 'client.create'],
      )
    })

    rule('a key signs nothing any more, and the version of the keys tells', async ({ store }) => {
      await populate(store)
      const { keysVersion } = await store.readHead()
      await store.revoke({ kind: 'key', kid: 'key-1' }, act)
      assert.equal((await store.readHead()).keysVersion, keysVersion + 1)
      assert.deepEqual(await store.listSigningKeys(), [])
      assert.deepEqual(
        (await store.listSigningKeyRecords()).map(({ kid, revokedAt }) => [kid, revokedAt !== null]),
        [['key-1', true]],
      )
      assert.deepEqual(await store.revoke({ kind: 'key', kid: 'key-1' }, act), { outcome: 'unknown' })
      const opened = await store.openSession(newSession())
      assert.equal(opened.outcome === 'opened' && opened.keysVersion, keysVersion + 1)
    })

    rule('a clock that was set forward and back makes nobody forget', async ({ store, clock }) => {
      await store.revoke({ kind: 'token', jti: 'token-1' }, act)
      await store.sequence(10, 0)
      clock.now += 20 * 60_000
      await store.sequence(10, 0)
      clock.now -= 19 * 60_000
      await store.sequence(10, 0)
      assert.equal(await store.isRevoked({ jti: 'token-1' }), true)
      assert.equal((await store.readSnapshot()).entries.length, 1)
    })

    rule('what ends everything after a restore outlives every token that there can be', async ({ store }) => {
      await store.completeRestore('restored', false, act)
      await store.sequence(10, 0)
      const [[kind, , , expiresAt] = []] = (await store.readSnapshot()).entries
      assert.equal(kind, 'g')
      assert.ok(Number(expiresAt) >= seconds + 3600 + 60)
    })

    rule(
      'a completed restore begins a history of its own, and ends what was issued before unless sessions are kept',
      async (opened) => {
        const { store, clock } = opened
        const { sid } = await populate(store)
        const { epoch } = await store.readHead()
        await store.completeRestore('kept', true, act)
        assert.ok(await store.findLiveSession(sid))
        assert.equal(await store.isRevoked({ iat: seconds }), false)
        const { epoch: kept } = await store.readHead()
        assert.notEqual(kept, epoch)
        await store.completeRestore('ended', false, act)
        assert.equal(await store.findLiveSession(sid), undefined)
        assert.equal(await store.isRevoked({ iat: seconds }), true)
        assert.notEqual((await store.readHead()).epoch, kept)
        clock.now += 1000
        assert.equal((await store.openSession(newSession())).outcome, 'opened')
        assert.deepEqual(
          (await store.listAudit(undefined, 3)).map(({ event, subject }) => [event, subject]),
          [
            ['restore.complete', '*'],
            ['revoke.all', '*'],
            ['restore.complete', 'sessions kept'],
          ],
        )
      },
    )

    rule('a client is admitted until it is disabled', async ({ store }) => {
      await populate(store)
      assert.equal((await store.admitClient('client-1')).outcome, 'admitted')
      await store.revoke({ kind: 'client', clientId: 'client-1' }, act)
      const admission = await store.admitClient('client-1')
      assert.equal(admission.outcome === 'admitted' && admission.notBefore, (seconds + 1) * 1000)
      await store.disableClient('client-1', act)
      assert.equal((await store.admitClient('client-1')).outcome, 'refused')
      assert.equal((await store.admitClient('nobody')).outcome, 'refused')
      assert.deepEqual(
        (await store.listClients()).map(({ id, scope }) => [id, scope]),
        [['client-1', ['a', 'b']]],
      )
      assert.deepEqual(
        await store.createClient({ id: 'client-1', name: '', scope: [], secretHash: new Uint8Array(32) }, act),
        {
          outcome: 'taken',
        },
      )
    })

    rule(
      'what an operator does to an account is kept; what its owner does, or what came to nothing, is not',
      async ({ store }) => {
        const account = { id: 'usr_2', email: 'bob@example.com', passwordHash: 'hash' }
        const change = { userId: 'usr_2', fromVersion: 1, passwordHash: 'other', keepSid: '' }
        await store.createAccount(account, act)
        await store.createAccount({ ...account, id: 'usr_3' }, act)
        await store.updateAccount('usr_2', { roles: ['admin'] }, act)
        await store.updateAccount('nobody', { roles: ['admin'] }, act)
        await store.replacePassword(change, act)
        await store.replacePassword(change, act)
        await store.updateAccount('usr_2', { roles: [] })
        await store.replacePassword({ ...change, fromVersion: 2 })
        assert.deepEqual(
          (await store.listAudit(undefined, 10)).map(({ event, subject, actor }) => [event, subject, actor]),
          [
            ['user.password', 'usr_2', 'tester'],
            ['user.update', 'usr_2', 'tester'],
            ['user.create', 'usr_2', 'tester'],
          ],
        )
      },
    )

    rule('the audit table is read from the newest on', async ({ store }) => {
      for (let turn = 0; turn < 5; turn += 1) await store.revoke({ kind: 'token', jti: `token-${turn}` }, act)
      const first = await store.listAudit(undefined, 2)
      const rest = await store.listAudit(first.at(-1)?.id, 10)
      assert.deepEqual(
        [...first, ...rest].map(({ subject }) => subject),
        ['token-4', 'token-3', 'token-2', 'token-1', 'token-0'],
      )
      assert.deepEqual(first[0], { ...first[0], at: start, event: 'revoke.token', actor: 'tester', reason: 'a test' })
    })
  })
}

/** A user with a session, a client and a key. */
async function populate(store: Store): Promise<NewSession> {
  await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
  await store.createClient({ id: 'client-1', name: 'Orders', scope: ['a', 'b'], secretHash: new Uint8Array(32) }, act)
  await addKey(store, 'key-1')
  const session = newSession()
  assert.equal((await store.openSession(session)).outcome, 'opened')
  return session
}

function newSession(): NewSession {
  return {
    sid: randomBytes(8).toString('base64url'),
    ridHash: randomBytes(32),
    ...{ userId: 'usr_1', clientId: 'first-party', mode: 'bearer', scope: null, audience: null, amr: ['pwd'] },
    ...{ userAgent: null, ip: null, pepperId: 1, idleLifetime: 7 * 86_400_000, absoluteLifetime: 30 * 86_400_000 },
    maxSessions: 100,
    verified: { passwordVersion: 1 },
  }
}
