/**
 * What every store must do, whatever database it speaks to. A store's own test calls `storeContract` with its fixture; races and
 * kills run in real processes on one database.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { NewSession, Presentation, Store } from './store.ts'

/** What a fixture module exports, so that worker processes can open the same database. */
export interface StoreFixture {
  /** Makes an empty database and tells where it is; removed when the test ends. */
  newLocation(onEnd: (remove: () => void | Promise<void>) => void): string | Promise<string>
  /** Opens the database. `now` moves the store's clock. */
  openAt(location: string, now?: () => number): Store | Promise<Store>
}

const day = 86_400_000
const limits = { leeway: 15_000, hold: 60_000 }

/** What a rule is run on. */
export interface Opened {
  readonly store: Store
  readonly location: string
  readonly clock: { now: number }
  /** Opens the same database once more, by the same clock. */
  readonly openAgain: () => Promise<Store>
}

/** Makes a test of a rule: each on an empty database, prepared, with a clock that the test moves. */
export function createRule(fixture: StoreFixture, prepare: (store: Store) => Promise<void> = async () => {}) {
  return (title: string, run: (opened: Opened) => Promise<void>) =>
    test(title, async (t) => {
      const location = await fixture.newLocation((remove) => t.after(remove))
      const clock = { now: 1_800_000_000_500 }
      async function openAgain(): Promise<Store> {
        const store = await fixture.openAt(location, () => clock.now)
        t.after(() => store.close())
        return store
      }
      const store = await openAgain()
      await prepare(store)
      await run({ store, location, clock, openAgain })
    })
}

/** Runs the contract on a store; `fixtureUrl` is the module that exports the fixture. */
export function storeContract(name: string, fixture: StoreFixture, fixtureUrl: string): void {
  const rule = createRule(fixture)
  const work = (location: string, job: string) =>
    spawn(process.execPath, [...process.execArgv, workerPath, fixtureUrl, location, job], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })

  describe(`${name}: accounts`, () => {
    rule('makes an account once for an address', async ({ store }) => {
      const first = await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash 1' })
      const second = await store.createAccount({ id: 'usr_2', email: 'ada@example.com', passwordHash: 'hash 2' })
      assert.equal(first.outcome, 'created')
      assert.equal(second.outcome, 'taken')
      const found = await store.findCredentials('ada@example.com')
      assert.deepEqual([found?.id, found?.passwordHash, found?.passwordVersion], ['usr_1', 'hash 1', 1])
      assert.equal(await store.findAccount('usr_2'), undefined)
    })

    rule('keeps the roles and claims of an account, each on its own', async ({ store }) => {
      await createUser(store)
      assert.deepEqual(await store.updateAccount('usr_1', { roles: ['admin'] }), { outcome: 'updated' })
      assert.deepEqual(await store.updateAccount('usr_1', { claims: { tenant: 't1' } }), { outcome: 'updated' })
      assert.deepEqual(await store.updateAccount('usr_9', { roles: [] }), { outcome: 'unknown' })
      const account = await store.findAccount('usr_1')
      assert.deepEqual([account?.roles, account?.claims], [['admin'], { tenant: 't1' }])
    })

    rule('replaces a password only from the version that was verified', async ({ store }) => {
      await createUser(store)
      const change = { userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: '' }
      assert.deepEqual(await store.replacePassword(change), { outcome: 'replaced' })
      assert.deepEqual(await store.replacePassword(change), { outcome: 'credentials_changed' })
      assert.equal((await store.findCredentialsById('usr_1'))?.passwordVersion, 2)
    })

    rule('a password change ends every session but the one that asked', async ({ store, clock }) => {
      await createUser(store)
      const kept = await open(store)
      const other = await open(store)
      clock.now += 1000
      await store.replacePassword({ userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: kept.session.sid })
      assert.equal((await store.rotate(present(kept))).outcome, 'held')
      assert.equal((await store.rotate(present(other))).outcome, 'over')
      assert.deepEqual(
        (await store.listLiveSessions('usr_1')).map(({ sid }) => sid),
        [kept.session.sid],
      )
    })

    rule('a password change by a session that has ended meanwhile changes nothing', async ({ store }) => {
      await createUser(store)
      const { session } = await open(store)
      await store.revokeSession({ sid: session.sid, userId: 'usr_1' }, 'logout')
      const change = { userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: session.sid }
      assert.deepEqual(await store.replacePassword(change), { outcome: 'credentials_changed' })
    })

    rule('deletes an account with its sessions and its address', async ({ store }) => {
      await createUser(store)
      const session = await open(store)
      assert.deepEqual(await store.deleteAccount('usr_1', 7), { outcome: 'credentials_changed' })
      assert.deepEqual(await store.deleteAccount('usr_1', 1), { outcome: 'deleted' })
      assert.equal(await store.findCredentials('ada@example.com'), undefined)
      assert.equal(await store.findLiveSession(session.session.sid), undefined)
      assert.equal((await store.rotate(present(session))).outcome, 'unknown')
      assert.equal(
        (await store.openSession(newSession({ verified: { passwordVersion: 1 } }))).outcome,
        'credentials_changed',
      )
      assert.equal((await store.openSession(newSession())).outcome, 'credentials_changed')
    })
  })

  describe(`${name}: sessions`, () => {
    rule('opens a session only for the password version that was verified', async ({ store }) => {
      await createUser(store)
      await store.replacePassword({ userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: '' })
      assert.deepEqual(await store.openSession(newSession({ verified: { passwordVersion: 1 } })), {
        outcome: 'credentials_changed',
      })
      assert.equal((await store.openSession(newSession({ verified: { passwordVersion: 2 } }))).outcome, 'opened')
    })

    rule('opens a session for a user of the application, who has no account here', async ({ store }) => {
      assert.equal((await store.openSession(newSession({ userId: 'their-42' }))).outcome, 'opened')
      assert.equal((await store.openSession(newSession({ userId: 'their-42' }))).outcome, 'opened')
      assert.equal((await store.listLiveSessions('their-42')).length, 2)
    })

    rule(
      'opens no session for a user of the application whose password changed since it was verified',
      async ({ store }) => {
        const open = (mark: number) => store.openSession(newSession({ userId: 'their-42', verified: { mark } }))
        const before = await store.markCredentials()
        await store.revokeSessions('their-42', 'logout_all')
        await store.revokeSessions('their-43', 'password_change')
        assert.equal(
          (await open(before)).outcome,
          'opened',
          'a logout everywhere, or the password of another, is no new password',
        )
        await store.revokeSessions('their-42', 'password_change')
        assert.equal((await open(before)).outcome, 'credentials_changed')
        assert.equal((await open(await store.markCredentials())).outcome, 'opened', 'in the same millisecond')
      },
    )

    rule(
      'a clock that was set back opens and moves nothing of a user with a later not-before',
      async ({ store, clock }) => {
        await createUser(store)
        const opening = await open(store)
        await store.replacePassword({
          userId: 'usr_1',
          fromVersion: 1,
          passwordHash: 'new',
          keepSid: opening.session.sid,
        })
        clock.now -= 3_600_000
        assert.equal(
          (await store.openSession(newSession({ verified: { passwordVersion: 2 } }))).outcome,
          'clock_behind',
        )
        assert.equal((await store.rotate(present(opening))).outcome, 'clock_behind')
        clock.now += 3_600_000 + 60_000
        assert.equal((await store.rotate(present(opening))).outcome, 'rotated')
      },
    )

    rule('a transition that fails leaves the store ready for the next', async ({ store }) => {
      await createUser(store)
      const twice = newSession()
      await store.openSession(twice)
      await assert.rejects(store.openSession(twice))
      assert.equal((await store.openSession(newSession())).outcome, 'opened')
      assert.equal((await store.listLiveSessions('usr_1')).length, 2)
    })

    rule('a login in the second of a logout everywhere is authenticated after it', async ({ store, clock }) => {
      await createUser(store)
      const before = await open(store)
      await store.revokeSessions('usr_1', 'logout_all')
      const after = await open(store)
      assert.equal(after.notBefore, 1_800_000_001_000)
      assert.equal(after.session.authenticatedAt, 1_800_000_001_000)
      clock.now += 1
      assert.equal((await store.rotate(present(before))).outcome, 'over')
      assert.equal((await store.rotate(present(after))).outcome, 'held')
    })

    rule('finds and lists only sessions that live', async ({ store, clock }) => {
      await createUser(store)
      const idle = await open(store, { idleLifetime: day })
      const old = await open(store, { absoluteLifetime: day })
      const live = await open(store)
      clock.now += day
      assert.equal(await store.findLiveSession(idle.session.sid), undefined)
      assert.equal(await store.findLiveSession(old.session.sid), undefined)
      assert.equal((await store.findLiveSession(live.session.sid))?.session.userId, 'usr_1')
      assert.deepEqual(
        (await store.listLiveSessions('usr_1')).map(({ sid }) => sid),
        [live.session.sid],
      )
    })

    rule('finds the account beside the session, where there is one', async ({ store, clock }) => {
      await createUser(store)
      await store.updateAccount('usr_1', { roles: ['owner'], claims: { tenant: 't1' } })
      const expected = await store.findAccount('usr_1')
      const refreshing = await open(store)
      const opened = await open(store, { mode: 'session_bearer' })
      const use = { ridHash: opened.ridHash, mode: 'session_bearer', idleLifetime: day, slideAfter: 60_000 } as const
      for (const pause of [0, 60_000]) {
        clock.now += pause
        assert.deepEqual((await store.useSession(use))?.account, expected)
        assert.deepEqual((await store.findLiveSession(refreshing.session.sid))?.account, expected)
        const rotation = await store.rotate(present(refreshing))
        assert.deepEqual('account' in rotation && rotation.account, expected)
      }
      const theirs = await open(store, { userId: 'their-42' })
      assert.equal((await store.findLiveSession(theirs.session.sid))?.account, undefined)
      const rotation = await store.rotate(present(theirs))
      assert.deepEqual([rotation.outcome, 'account' in rotation && rotation.account], ['held', undefined])
    })

    rule('finds no session by a token that is revoked by itself or with its key', async ({ store }) => {
      await createUser(store)
      const { sid } = (await open(store)).session
      const act = { actor: 'test', reason: '' }
      await addKey(store, 'key-1')
      assert.ok(await store.findLiveSession(sid, { jti: 'token-1', kid: 'key-1' }))
      await store.revoke({ kind: 'token', jti: 'token-1' }, act)
      assert.equal(await store.findLiveSession(sid, { jti: 'token-1', kid: 'key-1' }), undefined)
      assert.ok(await store.findLiveSession(sid, { jti: 'token-2', kid: 'key-1' }))
      await store.revoke({ kind: 'key', kid: 'key-1' }, act)
      assert.equal(await store.findLiveSession(sid, { jti: 'token-2', kid: 'key-1' }), undefined)
      assert.ok(await store.findLiveSession(sid, { jti: 'key-1', kid: 'token-1' }))
    })

    rule('ends a session of its own user only, once, and tells which', async ({ store }) => {
      await createUser(store)
      const [{ session }, other] = [await open(store), await open(store)]
      const end = (userId: string) => store.revokeSession({ sid: session.sid, userId }, 'ended_by_user')
      assert.deepEqual(await end('usr_2'), { outcome: 'unknown' })
      assert.deepEqual(await end('usr_1'), { outcome: 'revoked', sid: session.sid, userId: 'usr_1' })
      assert.deepEqual(await end('usr_1'), { outcome: 'over' })
      assert.deepEqual(await store.revokeSession({ ridHash: other.ridHash }, 'logout'), {
        ...{ outcome: 'revoked', sid: other.session.sid, userId: 'usr_1' },
      })
      assert.deepEqual(await store.revokeSession({ ridHash: other.ridHash }, 'logout'), { outcome: 'over' })
    })

    rule('forgets sessions whose absolute lifetime is over', async ({ store, clock }) => {
      await createUser(store)
      const old = await open(store, { absoluteLifetime: day })
      clock.now += 2 * day
      await open(store)
      assert.equal((await store.rotate(present(old))).outcome, 'unknown')
    })
  })

  describe(`${name}: rotation`, () => {
    rule('moves a session through its outcomes and keeps each state', async ({ store, clock }) => {
      await createUser(store)
      const opening = await open(store)
      const step = async (elapsed: number, token: { gen: number; att: number }) => {
        clock.now += elapsed
        const { outcome, ...rest } = await store.rotate({ ...present(opening), ...token })
        return [outcome, ...('state' in rest ? [rest.state.gen, rest.state.att, rest.successor] : [])]
      }
      assert.deepEqual(await step(0, { gen: 1, att: 0 }), ['held', 1, 0, true])
      assert.deepEqual(await step(60_000, { gen: 1, att: 0 }), ['rotated', 2, 0, true])
      assert.deepEqual(await step(14_999, { gen: 1, att: 0 }), ['repeated', 2, 0, true])
      assert.deepEqual(await step(15_000, { gen: 1, att: 0 }), ['reissued', 2, 1, true])
      assert.deepEqual(await step(14_999, { gen: 2, att: 0 }), ['healed', 2, 1, true])
      assert.deepEqual(await step(0, { gen: 9, att: 0 }), ['ahead'])
      assert.deepEqual(await step(15_000, { gen: 2, att: 0 }), ['reused'])
      assert.deepEqual(await step(0, { gen: 2, att: 1 }), ['over'])
    })

    rule('theft is committed although the answer is a refusal', async ({ store, clock, location }) => {
      await createUser(store)
      const opening = await open(store)
      clock.now += 60_000
      await store.rotate(present(opening))
      clock.now += 60_000
      await store.rotate({ ...present(opening), gen: 2 })
      assert.equal((await store.rotate(present(opening))).outcome, 'reused')
      const again = await fixture.openAt(location, () => clock.now)
      const seen = await again.rotate({ ...present(opening), gen: 3 })
      await again.close()
      assert.deepEqual([seen.outcome, 'why' in seen && seen.why], ['over', 'revoked: refresh_token_reuse'])
    })

    rule('a token of another client, mode or session changes nothing', async ({ store, clock }) => {
      await createUser(store)
      const opening = await open(store)
      clock.now += 60_000
      assert.equal((await store.rotate({ ...present(opening), clientId: 'other' })).outcome, 'unknown')
      assert.equal((await store.rotate({ ...present(opening), modes: ['cookie', 'access_cookie'] })).outcome, 'unknown')
      assert.equal((await store.rotate({ ...present(opening), ridHash: randomBytes(32) })).outcome, 'unknown')
      assert.equal((await store.rotate(present(opening))).outcome, 'rotated')
    })

    rule('finds the live session of a session token, in its own mode only', async ({ store, clock }) => {
      await createUser(store)
      const { session, ridHash } = await open(store, { mode: 'session_cookie', idleLifetime: 1_800_000 })
      const use = { ridHash, mode: 'session_cookie', idleLifetime: 1_800_000, slideAfter: 60_000 } as const
      assert.equal((await store.useSession(use))?.session.sid, session.sid)
      assert.equal((await store.findLiveSessionByRid(ridHash))?.sid, session.sid)
      assert.equal(await store.useSession({ ...use, mode: 'session_bearer' }), undefined)
      assert.equal(await store.useSession({ ...use, ridHash: randomBytes(32) }), undefined)
      clock.now += 1_800_000
      assert.equal(await store.useSession(use), undefined)
      assert.equal(await store.findLiveSessionByRid(ridHash), undefined)
    })

    rule(
      'slides the idle lifetime of a session when that is due, never past its absolute one',
      async ({ store, clock }) => {
        await createUser(store)
        const began = clock.now
        const lifetimes = { idleLifetime: 1_800_000, absoluteLifetime: 3_000_000 }
        const { ridHash, session } = await open(store, { mode: 'session_cookie', ...lifetimes })
        const use = { ridHash, mode: 'session_cookie', idleLifetime: 1_800_000, slideAfter: 60_000 } as const
        clock.now = began + 59_999
        assert.equal((await store.useSession(use))?.session.idleExpiresAt, session.idleExpiresAt)
        clock.now = began + 60_000
        assert.equal((await store.useSession(use))?.session.idleExpiresAt, clock.now + 1_800_000)
        clock.now = began + 1_500_000
        assert.equal((await store.useSession(use))?.session.idleExpiresAt, began + 3_000_000)
        await store.revokeSession({ ridHash }, 'logout')
        clock.now += 120_000
        assert.equal(await store.useSession(use), undefined)
      },
    )

    rule('changes nothing once the deadline has passed', async ({ store, clock }) => {
      await createUser(store)
      const opening = await open(store)
      clock.now += 60_000
      assert.equal((await store.rotate({ ...present(opening), deadline: clock.now - 1 })).outcome, 'late')
      assert.equal((await store.rotate({ ...present(opening), deadline: clock.now })).outcome, 'rotated')
    })

    rule(
      'slides the idle lifetime when it rotates or re-issues, never past the absolute one',
      async ({ store, clock }) => {
        await createUser(store)
        const opening = await open(store, { idleLifetime: day, absoluteLifetime: day + 90_000 })
        const idleExpiry = async (elapsed: number, gen: number) => {
          clock.now += elapsed
          const rotation = await store.rotate({ ...present(opening), gen, idleLifetime: day })
          return 'session' in rotation && rotation.session.idleExpiresAt - opening.now - day
        }
        assert.equal(await idleExpiry(1, 1), 0)
        assert.equal(await idleExpiry(59_999, 1), 60_000)
        assert.equal(await idleExpiry(15_000, 1), 75_000)
        assert.equal(await idleExpiry(60_000, 1), 90_000)
      },
    )

    rule('keeps the pepper of a generation until the next rotation', async ({ store, clock }) => {
      await createUser(store)
      const opening = await open(store)
      const pepper = async (pepperId: number) => {
        const rotation = await store.rotate({ ...present(opening), pepperId })
        return 'pepperId' in rotation && rotation.pepperId
      }
      assert.equal(await pepper(2), 1)
      clock.now += 60_000
      assert.equal(await pepper(2), 2)
      clock.now += 60_000
      assert.equal(await pepper(3), 2)
    })

    rule('100 callers with one token make one step and get one answer', async ({ store, clock }) => {
      await createUser(store)
      const opening = await open(store)
      clock.now += 60_000
      const answers = await Promise.all(Array.from({ length: 100 }, () => store.rotate(present(opening))))
      const told = answers.map((one) => `${one.outcome} ${'state' in one && `${one.state.gen}.${one.state.att}`}`)
      assert.equal(told.filter((one) => one === 'rotated 2.0').length, 1)
      assert.equal(told.filter((one) => one === 'repeated 2.0').length, 99)
    })
  })

  describe(`${name}: processes`, () => {
    test('four processes that refresh with one token move it one step', async (t) => {
      const location = await fixture.newLocation((remove) => t.after(remove))
      const aWhileAgo = await fixture.openAt(location, () => Date.now() - 70_000)
      t.after(() => aWhileAgo.close())
      await createUser(aWhileAgo)
      const job: Job = { kind: 'refresh', times: 25, presentation: present(await open(aWhileAgo)) }
      const workers = Array.from({ length: 4 }, () => work(location, serializeJob(job)))
      const lines = (await Promise.all(workers.map(readLines))).flat()
      assert.deepEqual([lines.length, lines.filter((line) => line === 'rotated').length], [100, 1])
      assert.deepEqual(new Set(lines), new Set(['rotated', 'repeated']))
    })

    test('a refresh never overtakes a logout that has answered', async (t) => {
      const location = await fixture.newLocation((remove) => t.after(remove))
      const store = await fixture.openAt(location)
      t.after(() => store.close())
      await createUser(store)
      for (let round = 0; round < 20; round++) {
        const opening = await open(store)
        const racing = Promise.all(Array.from({ length: 5 }, () => store.rotate(present(opening))))
        await store.revokeSession({ ridHash: opening.ridHash }, 'logout')
        assert.equal((await store.rotate(present(opening))).outcome, 'over')
        await racing
      }
    })

    test('what was acknowledged survives kill -9', async (t) => {
      const location = await fixture.newLocation((remove) => t.after(remove))
      let acknowledged = 0
      for (let round = 0; round < 8; round++) {
        const writer = work(location, serializeJob({ kind: 'register', prefix: `round-${round}` }))
        const lines = await readUntilKilled(writer, 20 + 10 * round)
        const store = await fixture.openAt(location)
        for (const line of lines) {
          const [email = '', sid = ''] = line.split(' ')
          assert.ok(await store.findCredentials(email), `${email} was acknowledged and is lost`)
          assert.ok(await store.findLiveSession(sid), `the session of ${email} was acknowledged and is lost`)
        }
        await store.close()
        acknowledged += lines.length
      }
      assert.ok(acknowledged >= 8 * 20)
    })
  })
}

const workerPath = fileURLToPath(new URL('./contract-worker.ts', import.meta.url))

/** What a worker process is told to do; bytes travel as base64. */
export type Job =
  | { readonly kind: 'refresh'; readonly times: number; readonly presentation: Presentation }
  | { readonly kind: 'register'; readonly prefix: string }

function serializeJob(job: Job): string {
  return JSON.stringify(job, (_, value) =>
    value?.type === 'Buffer' ? { base64: Buffer.from(value.data).toString('base64') } : value,
  )
}

/** Makes the user of `newSession`. */
export async function createUser(store: Store): Promise<void> {
  await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash 1' })
}

/** A session for a test, as a login would ask for it. */
export function newSession(change: Partial<NewSession> = {}): NewSession {
  return {
    sid: randomBytes(16).toString('base64url'),
    ridHash: randomBytes(32),
    userId: 'usr_1',
    clientId: 'first-party',
    mode: 'bearer',
    scope: null,
    audience: null,
    amr: ['pwd'],
    userAgent: 'a browser',
    ip: '192.0.2.1',
    pepperId: 1,
    idleLifetime: 7 * day,
    absoluteLifetime: 30 * day,
    maxSessions: 1000,
    verified: { mark: Number.MAX_SAFE_INTEGER },
    ...change,
  }
}

/** Opens a session. */
export async function open(store: Store, change: Partial<NewSession> = {}) {
  const session = newSession(change)
  const opening = await store.openSession(session)
  assert.equal(opening.outcome, 'opened')
  return { ...(opening as Extract<typeof opening, { outcome: 'opened' }>), ridHash: session.ridHash }
}

/** The first token of a session, as a refresh presents it. */
export function present({ ridHash }: { readonly ridHash: Uint8Array }): Presentation {
  const terms = {
    clientId: 'first-party',
    modes: ['bearer'],
    pepperId: 1,
    limits,
    idleLifetime: 7 * day,
    audience: null,
  } as const
  return { ridHash, gen: 1, att: 0, ...terms, deadline: Number.MAX_SAFE_INTEGER }
}

async function readLines(child: ChildProcess): Promise<string[]> {
  const lines: string[] = []
  if (child.stdout) for await (const line of createInterface(child.stdout)) lines.push(line)
  return lines
}

/** Reads what a writer acknowledges, kills it after some lines, and returns every whole line it got out. */
async function readUntilKilled(child: ChildProcess, count: number): Promise<string[]> {
  const lines: string[] = []
  const ended = once(child, 'exit')
  if (child.stdout) {
    for await (const line of createInterface(child.stdout)) {
      lines.push(line)
      if (lines.length === count) child.kill('SIGKILL')
    }
  }
  await ended
  return lines.filter((line) => line.endsWith(' acknowledged'))
}

/** Makes a key that signs. */
export async function addKey(store: Store, kid: string): Promise<void> {
  const plan = { rotationPeriod: 86_400_000, publishAhead: 0, changesAlgorithm: false }
  await store.addSigningKey({ kid, alg: 'ES256', sealed: new Uint8Array(8), createdAt: 1 }, plan)
}
