/** What every store must do where a user has many sessions: end the right ones, and no more work at once than is bounded. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { mostAtOnce, mostEndedBySignIn } from './session-limits.ts'
import { createRule, createUser, newSession, open, present, type StoreFixture } from './store.contract.ts'
import type { Store } from './store.ts'

const act = { actor: 'test', reason: '' }
const change = { userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: '' }

/** What was written to the feed so far, as kind and value. */
async function entriesOf(store: Store): Promise<string[]> {
  await store.sequence(10_000, 0)
  return (await store.readRevocations(0, 10_000)).map(({ entry: [kind, value] }) => `${kind} ${value}`)
}

/** As many as there may be from before there was a limit; a hundred logins at a time. */
async function openMany(store: Store, count: number) {
  const opened: Awaited<ReturnType<typeof open>>[] = []
  while (opened.length < count) {
    const logins = Array.from({ length: Math.min(100, count - opened.length) }, () =>
      open(store, { maxSessions: 100_000 }),
    )
    opened.push(...(await Promise.all(logins)))
  }
  return opened
}

/** Runs the contract on a store. */
export function sessionLimitContract(name: string, fixture: StoreFixture): void {
  const rule = createRule(fixture, createUser)

  describe(`${name}: as many sessions as a user may have`, () => {
    rule('one more ends the one that was seen longest ago, with its entry', async ({ store, clock }) => {
      const opened = []
      for (let time = 0; time < 3; time++) {
        opened.push(await open(store, { maxSessions: 3 }))
        clock.now += 100_000
      }
      const [first, second, third] = opened
      assert.ok(first && second && third)
      assert.deepEqual(
        opened.flatMap(({ ended }) => ended),
        [],
      )
      await store.rotate(present(first))
      const fourth = await open(store, { maxSessions: 3 })
      assert.deepEqual(fourth.ended, [second.session.sid])
      assert.deepEqual(await entriesOf(store), [`s ${second.session.sid}`])
      const seen = await store.rotate(present(second))
      assert.deepEqual([seen.outcome, 'why' in seen && seen.why], ['over', 'revoked: too_many_sessions'])
      assert.deepEqual(
        new Set((await store.listLiveSessions('usr_1')).map(({ sid }) => sid)),
        new Set([first, third, fourth].map(({ session }) => session.sid)),
      )
    })

    rule('those go first that have been idle for too long', async ({ store, clock }) => {
      const early = await open(store, { maxSessions: 2 })
      clock.now += 1000
      const idle = await open(store, { maxSessions: 2, idleLifetime: 60_000 })
      clock.now += 60_000
      assert.deepEqual((await open(store, { maxSessions: 2 })).ended, [idle.session.sid])
      assert.ok(await store.findLiveSession(early.session.sid))
    })

    rule('those of others, and those that are ended, do not count', async ({ store }) => {
      const mine = await open(store, { maxSessions: 2 })
      const ended = await open(store, { maxSessions: 2 })
      await store.revokeSession({ ridHash: ended.ridHash }, 'logout')
      for (let time = 0; time < 3; time++) await open(store, { userId: 'their-42', maxSessions: 3 })
      assert.deepEqual((await open(store, { maxSessions: 2 })).ended, [])
      assert.ok(await store.findLiveSession(mine.session.sid))
    })

    rule('twenty logins at once leave no more', async ({ store, openAgain }) => {
      const other = await openAgain()
      const opened = await Promise.all(
        Array.from({ length: 20 }, (_, turn) => open(turn % 2 === 0 ? store : other, { maxSessions: 5 })),
      )
      assert.equal((await store.listLiveSessions('usr_1')).length, 5)
      assert.equal(new Set(opened.flatMap(({ ended }) => ended)).size, 15)
      assert.equal((await entriesOf(store)).length, 15)
    })

    rule('a login that opens nothing ends nothing', async ({ store }) => {
      const { session } = await open(store, { maxSessions: 1 })
      const login = newSession({ maxSessions: 1, verified: { passwordVersion: 9 } })
      assert.deepEqual(await store.openSession(login), { outcome: 'credentials_changed' })
      assert.ok(await store.findLiveSession(session.sid))
    })

    rule('where there are far more, each login ends some', async ({ store }) => {
      await openMany(store, 130)
      const most = { maxSessions: 10 }
      const ended = []
      for (let time = 0; time < 4; time++) ended.push((await open(store, most)).ended.length)
      assert.deepEqual(ended, [mostEndedBySignIn, mostEndedBySignIn, 23, 1])
      assert.equal((await store.listLiveSessions('usr_1')).length, 10)
    })
  })

  describe(`${name}: what ends the sessions of a user`, () => {
    rule('tells whether there was one to end, and raises the not-before all the same', async ({ store }) => {
      const none = { outcome: 'none' }
      assert.deepEqual(await store.revokeSessions('usr_1', 'logout_all'), none)
      assert.deepEqual(await entriesOf(store), ['u usr_1'])
      const { session } = await open(store)
      assert.deepEqual(await store.revokeOtherSessions('usr_1', session.sid, 'ended_by_user'), none)
      assert.deepEqual(await store.revokeSessions('usr_1', 'logout_all', session.sid), none)
      const other = await open(store)
      assert.deepEqual(await store.revokeSessions('usr_1', 'logout_all', session.sid), { outcome: 'revoked' })
      assert.equal(await store.findLiveSession(other.session.sid), undefined)
      await open(store)
      const entries = await entriesOf(store)
      assert.deepEqual(await store.revokeOtherSessions('usr_1', session.sid, 'ended_by_user'), { outcome: 'revoked' })
      assert.equal((await entriesOf(store)).length, entries.length + 1)
      assert.deepEqual(await store.revokeOtherSessions('usr_1', session.sid, 'ended_by_user'), none)
      assert.deepEqual(await store.revokeOtherSessions('nobody', '', 'ended_by_user'), none)
      assert.ok(await store.findLiveSession(session.sid))
    })

    rule('ends those too that were opened after another act in the same second', async ({ store }) => {
      const acts: ((keepSid: string) => Promise<unknown>)[] = [
        () => store.revokeSessions('usr_1', 'logout_all'),
        (keepSid) => store.replacePassword({ ...change, keepSid }),
        () => store.suspendUser('usr_1', act),
      ]
      for (const run of acts) {
        await store.revokeSessions('usr_1', 'logout_all')
        const [kept, other] = [await open(store), await open(store)]
        await run(kept.session.sid)
        assert.equal(await store.findLiveSession(other.session.sid), undefined)
      }
    })

    rule('leaves no session to end once more: nothing is written', async ({ store, clock }) => {
      const opened = await open(store)
      await store.revokeSessions('usr_1', 'logout_all')
      clock.now += 5000
      assert.deepEqual(await store.revokeSession({ ridHash: opened.ridHash }, 'logout'), { outcome: 'over' })
      const named = { sid: opened.session.sid, userId: 'usr_1' }
      assert.deepEqual(await store.revokeSession(named, 'ended_by_user'), { outcome: 'over' })
      assert.deepEqual(await entriesOf(store), ['u usr_1'])
      assert.equal((await store.rotate(present(opened))).outcome, 'over')
    })

    rule(
      'does not have a session live again that an earlier act has ended, though it is to be kept',
      async ({ store, clock }) => {
        for (const end of [
          () => store.revokeSessions('usr_1', 'logout_all'),
          () => store.revoke({ kind: 'all' as const }, act),
        ]) {
          const { session } = await open(store)
          clock.now += 2000
          await end()
          await store.revokeSessions('usr_1', 'password_change', session.sid)
          clock.now += 2000
          assert.equal(await store.findLiveSession(session.sid), undefined)
        }
      },
    )

    rule('ends more than a thousand others at once, and the one that is kept goes on', async ({ store, clock }) => {
      const [kept] = await openMany(store, mostAtOnce + 2)
      assert.ok(kept)
      assert.equal((await store.listLiveSessions('usr_1')).length, mostAtOnce, 'the list has an end')
      const { sid } = kept.session
      assert.deepEqual(await store.revokeOtherSessions('usr_1', sid, 'ended_by_user'), { outcome: 'revoked' })
      assert.deepEqual(
        (await store.listLiveSessions('usr_1')).map((one) => one.sid),
        [sid],
      )
      clock.now += 1000
      assert.equal((await store.rotate(present(kept))).outcome, 'held')
      assert.deepEqual(await entriesOf(store), ['u usr_1'])
    })

    rule('takes away all sessions of an account that is deleted, however many', async ({ store }) => {
      const opened = await openMany(store, 2 * mostAtOnce + 1)
      assert.deepEqual(await store.deleteAccount('usr_1', 1), { outcome: 'deleted' })
      for (const one of opened) assert.equal((await store.rotate(present(one))).outcome, 'unknown')
    })
  })

  describe(`${name}: a token that is revoked by itself`, () => {
    const token = { kind: 'token', jti: 'token-1' } as const

    rule(
      'is not revoked once more while that is in force, whoever asks: nothing is written',
      async ({ store, clock, openAgain }) => {
        const other = await openAgain()
        const racing = Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? store : other).revoke(token, act))
        const outcomes = (await Promise.all(racing)).map(({ outcome }) => outcome)
        assert.equal(outcomes.filter((one) => one === 'revoked').length, 1)
        assert.equal(outcomes.filter((one) => one === 'over').length, 19)
        assert.deepEqual(await store.revoke(token), { outcome: 'over' })
        assert.deepEqual(await entriesOf(store), ['j token-1'])
        assert.equal((await store.listAudit(undefined, 10)).length, 1)
        clock.now += 3_700_000
        assert.deepEqual(await store.revoke(token, act), { outcome: 'revoked' })
      },
    )

    rule('has a line in the audit table only if an operator did it', async ({ store }) => {
      assert.deepEqual(await store.revoke(token), { outcome: 'revoked' })
      assert.equal(await store.isRevoked({ jti: 'token-1' }), true)
      assert.deepEqual(await store.listAudit(undefined, 10), [])
    })

    rule('has none either for a refresh token that was issued again', async ({ store, clock }) => {
      const opened = await open(store)
      for (const outcome of ['rotated', 'reissued']) {
        clock.now += 120_000
        assert.equal((await store.rotate(present(opened))).outcome, outcome)
      }
      assert.deepEqual(await store.listAudit(undefined, 10), [])
    })
  })
}
