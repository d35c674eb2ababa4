/** Sessions in SQLite: each of these is one transaction on the session's row. */
import { firstGeneration, type Move, move } from '../../sessions/rotation.ts'
import { type Row, toSession } from '../rows.ts'
import { mostAtOnce, mostEndedBySignIn } from '../session-limits.ts'
import type { NewSession, Presentation, RevocationReason, Rotation, Session, SessionMode, Store } from '../store.ts'
import type { Database } from './database.ts'
import { audit, isClockBehind, notBeforeOf, readKeysVersion, writeEntry } from './entries.ts'
import { toLiveSession, toRotationState } from './rows.ts'
import type { Statements } from './statements.ts'

type SessionMethods = Pick<
  Store,
  | 'markCredentials'
  | 'openSession'
  | 'rotate'
  | 'findLiveSession'
  | 'findLiveSessionByRid'
  | 'useSession'
  | 'listLiveSessions'
  | 'revokeSession'
  | 'revokeOtherSessions'
  | 'revokeSessions'
>

export function sessionsIn({ sql, now: clock, transaction }: Database): SessionMethods {
  return {
    async openSession(session) {
      return transaction((now) => {
        sql.deleteExpiredSessions.run({ now })
        if ('mark' in session.verified) sql.insertUser.run({ id: session.userId, now })
        const user = sql.findUser.get(session.userId)
        const notBefore = Number(user?.not_before_at ?? 0)
        if (isClockBehind(notBefore, now)) return { outcome: 'clock_behind' }
        if (user === undefined || !stillVerified(sql, user, session)) return { outcome: 'credentials_changed' }
        const ended = makeRoom(sql, session, now)
        const opened = insertSession(sql, session, notBefore, now)
        return { outcome: 'opened', session: opened, ended, now, notBefore, keysVersion: readKeysVersion(sql) }
      })
    },

    async rotate(presentation) {
      return transaction((now) => {
        if (now > presentation.deadline) return { outcome: 'late' }
        const row = sql.findSessionByRid.get(presentation.ridHash)
        if (row?.client_id !== presentation.clientId) return { outcome: 'unknown' }
        if (!presentation.modes.includes(row.mode as SessionMode)) return { outcome: 'unknown' }
        const why = whyOver(row, now)
        if (why !== undefined) return { outcome: 'over', sid: String(row.sid), why }
        if (isClockBehind(Number(row.not_before_at), now)) return { outcome: 'clock_behind' }
        if (presentation.audience !== null && row.audience !== null && row.audience !== presentation.audience) {
          return { outcome: 'other_audience' }
        }

        const moved = move(toRotationState(row), presentation, now, presentation.limits)
        return 'state' in moved
          ? serve(sql, row, moved, presentation, now)
          : refuse(sql, moved.outcome, toSession(row), now)
      })
    },

    async markCredentials() {
      return Number(sql.latestCredentialMark.get()?.latest)
    },

    async findLiveSession(sid, { jti = null, kid = null } = {}) {
      const row = sql.findLiveSession.get({ sid, jti, kid, now: clock() })
      return row && toLiveSession(row)
    },

    async findLiveSessionByRid(ridHash): Promise<Session | undefined> {
      const row = sql.findLiveSessionByRid.get({ ridHash, now: clock() })
      return row && toSession(row)
    },

    async useSession({ ridHash, mode, idleLifetime, slideAfter }) {
      const now = clock()
      const row = sql.findLiveSessionByRid.get({ ridHash, now })
      if (row?.mode !== mode) return undefined
      const found = toLiveSession(row)
      if (now - found.session.lastSeenAt < slideAfter) return found
      return transaction((now) => {
        const slid = sql.slideSession.get({ sid: found.session.sid, idleLifetime, now })
        return slid && { ...found, session: toSession(slid) }
      })
    },

    async listLiveSessions(userId) {
      return sql.listLiveSessions.all({ userId, now: clock() }).map(toSession)
    },

    async revokeSession(session, reason) {
      return transaction((now) => {
        const row =
          'sid' in session
            ? sql.findSessionBySid.get(session.sid, session.userId)
            : sql.findSessionByRid.get(session.ridHash)
        if (row === undefined) return { outcome: 'unknown' }
        const sid = String(row.sid)
        if (Number(row.authenticated_at) < Number(row.not_before_at)) return { outcome: 'over' }
        if (sql.revokeSession.run({ sid, now, reason }).changes === 0) return { outcome: 'over' }
        // Nobody was given a token of a sign-in that failed.
        if (reason !== 'sign_in_failed') writeEntry(sql, 's', sid, 0, now)
        return { outcome: 'revoked', sid, userId: String(row.user_id) }
      })
    },

    async revokeOtherSessions(userId, keepSid, reason) {
      return transaction((now) => {
        const others = sql.listOtherSessions.all({ userId, keepSid, limit: mostAtOnce + 1 })
        if (others.length > mostAtOnce) revokeAll(sql, userId, reason, keepSid, now)
        else for (const { sid } of others) endSession(sql, String(sid), reason, now)
        return { outcome: others.length > 0 ? 'revoked' : 'none' }
      })
    },

    async revokeSessions(userId, reason, keepSid = '') {
      return transaction((now) => {
        const hasOthers = sql.listOtherSessions.get({ userId, keepSid, limit: 1 }) !== undefined
        revokeAll(sql, userId, reason, keepSid, now)
        return { outcome: hasOthers ? 'revoked' : 'none' }
      })
    },
  }
}

/**
 * Ends every session of a user but one by raising the user's not-before, by which others judge access tokens; the session that
 * is kept counts as authenticated anew. A write to each would hold up everyone where there are very many. Runs inside a transaction.
 */
export function revokeAll(
  sql: Statements,
  userId: string,
  reason: RevocationReason,
  keepSid: string,
  now: number,
): void {
  const notBefore = notBeforeOf(now)
  sql.insertUser.run({ id: userId, now })
  sql.reauthenticate.run({ sid: keepSid, userId, notBefore })
  sql.raiseNotBefore.run({ id: userId, notBefore })
  if (reason === 'password_change' || reason === 'account_deleted') {
    sql.nextCredentialMark.run()
    sql.markCredentials.run(userId)
  }
  // Those that are dated at the not-before or later: opened in the second of another act, or under a clock that was set back since.
  sql.revokeSessionsFrom.run({ userId, keepSid, reason, notBefore, now })
  writeEntry(sql, 'u', userId, notBefore / 1000, now)
}

/** Tells whether what a login verified before this transaction is still what would let it in. */
function stillVerified(sql: Statements, user: Row, { userId, verified }: NewSession): boolean {
  if (user.deleted_at !== null || user.suspended_at !== null) return false
  if ('mark' in verified) return Number(user.credentials_mark) <= verified.mark
  return sql.findAccount.get(userId)?.password_version === verified.passwordVersion
}

function insertSession(sql: Statements, session: NewSession, notBefore: number, now: number): Session {
  const { ridHash, pepperId, idleLifetime, absoluteLifetime, verified: _, maxSessions: __, ...named } = session
  const absoluteExpiresAt = now + absoluteLifetime
  const times = {
    authenticatedAt: Math.max(now, notBefore),
    idleExpiresAt: Math.min(now + idleLifetime, absoluteExpiresAt),
    absoluteExpiresAt,
  }
  const { confirmed, ...state } = firstGeneration(now)
  const amr = session.amr.join(' ')
  sql.insertSession.run({ ...named, ...times, ...state, confirmed: Number(confirmed), amr, ridHash, pepperId, now })
  return { ...named, ...times, createdAt: now, lastSeenAt: now }
}

function serve(
  sql: Statements,
  row: Row,
  moved: Extract<Move, { state: unknown }>,
  presentation: Presentation,
  now: number,
): Rotation {
  const session = toSession(row)
  const slides = moved.outcome === 'rotated' || moved.outcome === 'reissued'
  const slidTo = Math.min(now + presentation.idleLifetime, session.absoluteExpiresAt)
  const idleExpiresAt = slides ? slidTo : session.idleExpiresAt
  const pepperId = moved.outcome === 'rotated' ? presentation.pepperId : Number(row.pepper_id)
  const { confirmed, ...state } = moved.state
  sql.moveSession.run({ sid: session.sid, ...state, confirmed: Number(confirmed), pepperId, idleExpiresAt, now })
  const notBefore = Number(row.not_before_at)
  const moment = { now, notBefore, keysVersion: Number(row.keys_version) }
  const served = { session: { ...session, idleExpiresAt, lastSeenAt: now }, account: toLiveSession(row).account }
  return { ...moved, ...served, pepperId, ...moment }
}

/** Theft ends the session; a token that this database never issued ends nothing. */
function refuse(sql: Statements, outcome: 'reused' | 'ahead', { sid, userId }: Session, now: number): Rotation {
  const reason: RevocationReason = 'refresh_token_reuse'
  if (outcome === 'reused') {
    endSession(sql, sid, reason, now)
    audit(sql, 'refresh.reuse', sid, { actor: userId, reason: 'a refresh token that had been replaced came back' }, now)
  }
  return { outcome, sid, userId }
}

/**
 * Ends sessions of a user so that there is room for one more: those that are idle for too long, then those seen longest ago. It looks at the oldest,
 * so that it is over soon though there are very many, as in a database from before there was a limit.
 */
function makeRoom(sql: Statements, { userId, maxSessions }: NewSession, now: number): string[] {
  const oldest = sql.listOldestSessions.all({ userId, now, limit: maxSessions + mostEndedBySignIn - 1 })
  const ended = oldest.slice(0, Math.max(0, oldest.length - maxSessions + 1)).map(({ sid }) => String(sid))
  for (const sid of ended) endSession(sql, sid, 'too_many_sessions', now)
  return ended
}

function endSession(sql: Statements, sid: string, reason: RevocationReason, now: number): void {
  sql.revokeSession.run({ sid, now, reason })
  writeEntry(sql, 's', sid, 0, now)
}

function whyOver(row: Row, now: number): string | undefined {
  if (row.revoked_at !== null) return `revoked: ${row.revoke_reason}`
  if (Number(row.idle_expires_at) <= now) return 'idle lifetime over'
  if (Number(row.absolute_expires_at) <= now) return 'absolute lifetime over'
  if (Number(row.authenticated_at) < Number(row.not_before_at)) return "authenticated before the user's not-before"
  return undefined
}
