/**
 * One refresh at a time, for everyone who wants one: the timer, requests that were refused, tabs that woke up. Owns when the server is
 * asked (again), and what its answer does to the session. docs/decisions/0016-client.md has the races.
 */
import type { AuthServer } from './auth-server.ts'
import { ClientError, isTrouble } from './client-error.ts'
import type { Environment } from './environment.ts'
import type { Lock } from './lock.ts'
import type { RefreshTokenRecord } from './refresh-token-record.ts'
import type { SessionHolder } from './session.ts'
import type { Siblings } from './siblings.ts'
import type { Turns } from './turns.ts'

export interface Refresher {
  /** Starts a refresh, or joins the one under way. Ends when the token has changed or there is nothing to refresh. @throws ClientError */
  refresh(): Promise<void>
  /** As `refresh`, for someone who waits: rejects with what stands in the way when that lasts. @throws ClientError */
  wait(): Promise<void>
  /** Asks the server what is true, even with a good token at hand or none at all; in the background. */
  verify(): void
  /** Gives up the request under way, and forgets failures; whatever still wants a refresh goes on after logins and logouts. */
  interrupt(): void
  /** Stops waiting for the network or the next try, unless the server has said when. */
  wake(): void
  close(): void
}

/** What a refresher works with. `record`: none in cookie mode. `acts`: the logins and logouts. */
export interface RefresherParts {
  readonly environment: Environment
  readonly session: SessionHolder
  readonly server: AuthServer
  readonly record: RefreshTokenRecord | undefined
  readonly siblings: Siblings
  readonly lock: Lock
  readonly acts: Turns
}

/** How long a caller waits for a token: two tries that are not answered, and the time between them. */
const longestWait = 20_000
/** The wait for the lock, and for the answer. */
const longestAttempt = 9000
const firstPause = 500
const longestPause = 30_000
/** How many times in a row a refused token may turn out to have been replaced in the storage. */
const mostReplacements = 3

/** What is left to do when the lock is released. */
type Outcome = (() => void) | undefined

/** Makes the refresher of a client. */
export function createRefresher(parts: RefresherParts): Refresher {
  const { environment, session, server, record, siblings, lock, acts } = parts
  const { page } = environment
  let running: Promise<void> | undefined
  let request: AbortController | undefined
  let begunAt = 0
  let wakeUp: () => void = () => {}
  let failures = 0
  let notBefore = 0
  let trouble: ClientError | undefined
  let waiting = 0
  let mustAsk = false
  let closed = false

  function refresh(): Promise<void> {
    // What began before a sleep is as good as lost, and its time-out may have stood still.
    if (environment.now() - begunAt > longestAttempt) request?.abort()
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }

  async function run(): Promise<void> {
    const { token } = session
    const isWanted = () => !closed && (mustAsk || (session.token === token && session.shown.status !== 'signed-out'))
    for (;;) {
      if (!(await pause())) return
      await acts.idle()
      if (!isWanted()) return
      const error = await attempt(isWanted)
      if (error === undefined) continue
      trouble = error
      if (!isTrouble(error)) throw error
      const pauseLimit = Math.min(longestPause, firstPause * 2 ** failures++)
      const jittered = environment.random() * pauseLimit
      notBefore = environment.monotonicNow() + Math.max(jittered, (error.retryAfter ?? 0) * 1000)
    }
  }

  /** Waits until the next try is due and there is a network; `false` if nobody wants it any more. */
  async function pause(): Promise<boolean> {
    while (!closed) {
      const due = notBefore - environment.monotonicNow()
      const isOnline = page?.online !== false
      if (page?.hidden && waiting === 0 && (failures > 0 || !isOnline)) return false
      if (isOnline && due <= 0) return true
      await new Promise<void>((resolve) => {
        const timer = isOnline ? environment.setTimeout(resolve, due) : undefined
        wakeUp = () => {
          environment.clearTimeout(timer)
          resolve()
        }
      })
    }
    return false
  }

  /** Asks once, and returns the error that came of it. Whatever was given up or overtaken is none. */
  async function attempt(isWanted: () => boolean): Promise<ClientError | undefined> {
    const { epoch } = session
    const own = new AbortController()
    request = own
    begunAt = environment.now()
    const isCurrent = () => !closed && !own.signal.aborted && session.epoch === epoch
    let hadToAsk = false
    let apply: Outcome
    try {
      await lock(async () => {
        // A sibling may have had the lock before, and have told its token.
        if (!isCurrent() || !isWanted()) return
        hadToAsk = mustAsk
        mustAsk = false
        apply = await exchange(isCurrent, own.signal)
      })
      if (isCurrent()) apply?.()
      else mustAsk ||= hadToAsk
      return undefined
    } catch (error) {
      mustAsk ||= hadToAsk
      if (!isCurrent()) return undefined
      return error instanceof ClientError ? error : new ClientError('storage_failed')
    }
  }

  /** Returns what the answer does to the session, which waits until the lock is released; nothing if the answer is void. */
  async function exchange(isCurrent: () => boolean, signal: AbortSignal): Promise<Outcome> {
    for (let count = 0; count < mostReplacements; count++) {
      const sent = await record?.read()
      if (!isCurrent()) return undefined
      if (record && sent === undefined) return end
      try {
        const { accessToken, refreshToken } = await server.refresh(sent, signal)
        const isKept = sent === undefined || (await record?.replace(sent, refreshToken, accessToken.sid, isCurrent))
        if (!isCurrent()) return undefined
        if (!isKept) continue
        siblings.tellToken(accessToken, false)
        return () => commit(accessToken)
      } catch (error) {
        if (!isCurrent()) return undefined
        if (!(error instanceof ClientError) || error.code !== 'invalid_grant') throw error
        const isOver = sent === undefined || (await record?.forget(sent, isCurrent))
        if (!isCurrent()) return undefined
        if (isOver) return end
      }
    }
    throw new ClientError('temporarily_unavailable')
  }

  function commit(token: NonNullable<SessionHolder['token']>): void {
    settle()
    if (session.token?.sid === token.sid) session.renew(token)
    else session.begin(token)
  }

  function end(): void {
    settle()
    const sid = session.token?.sid
    session.end()
    if (sid !== undefined) siblings.tellSignedOut(sid)
  }

  function settle(): void {
    failures = 0
    trouble = undefined
  }

  return {
    refresh,
    async wait() {
      let timer: unknown
      const tooLong = new Promise<never>((_, reject) => {
        const wait = page?.online === false ? 0 : longestWait
        timer = environment.setTimeout(() => reject(trouble ?? new ClientError('network_error')), wait)
      })
      waiting += 1
      try {
        await Promise.race([refresh(), tooLong])
      } finally {
        waiting -= 1
        environment.clearTimeout(timer)
      }
    },
    verify() {
      mustAsk = true
      refresh().catch(() => {})
    },
    interrupt() {
      failures = 0
      notBefore = 0
      request?.abort()
      wakeUp()
    },
    wake() {
      if (trouble?.retryAfter === undefined) notBefore = 0
      wakeUp()
    },
    close() {
      closed = true
      request?.abort()
      wakeUp()
    },
  }
}
