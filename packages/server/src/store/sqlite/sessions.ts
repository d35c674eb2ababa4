/** Sessions in SQLite: each of these is one transaction on the session's row. */
import { firstGeneration, type Move, move } from '../../sessions/rotation.ts'
import { type Row, toSession } from '../rows.ts'
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
        const opened = insertSession(sql, session, notBefore, now)
        return { outcome: 'opened', session: opened, now, notBefore, keysVersion: readKeysVersion(sql) }
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
        if (sql.revokeSession.run({ sid, now, reason }).changes === 0) return { outcome: 'over' }
        // Nobody was given a token of a sign-in that failed.
        if (reason !== 'sign_in_failed') writeEntry(sql, 's', sid, 0, now)
        return { outcome: 'revoked', sid, userId: String(row.user_id) }
      })
    },

    async revokeOtherSessions(userId, keepSid, reason) {
      await transaction((now) => {
        const ended = sql.revokeOtherSessions.all({ userId, keepSid, reason, now })
        for (const { sid } of ended) writeEntry(sql, 's', String(sid), 0, now)
      })
    },

    async revokeSessions(userId, reason, keepSid = '') {
      await transaction((now) => revokeAll(sql, userId, reason, keepSid, now))
    },
  }
}

/**
 * Ends every session of a user but one, and raises the user's not-before, by which others judge access tokens; the session that
 * is kept counts as authenticated anew. Runs inside a transaction.
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
  sql.raiseNotBefore.run({ id: userId, notBefore })
  if (reason === 'password_change' || reason === 'account_deleted') {
    sql.nextCredentialMark.run()
    sql.markCredentials.run(userId)
  }
  sql.revokeSessions.run({ userId, keepSid, reason, now })
  sql.reauthenticate.run({ sid: keepSid, userId, notBefore })
  writeEntry(sql, 'u', userId, notBefore / 1000, now)
}

/** Tells whether what a login verified before this transaction is still what would let it in. */
function stillVerified(sql: Statements, user: Row, { userId, verified }: NewSession): boolean {
  if (user.deleted_at !== null || user.suspended_at !== null) return false
  if ('mark' in verified) return Number(user.credentials_mark) <= verified.mark
  return sql.findAccount.get(userId)?.password_version === verified.passwordVersion
}

function insertSession(sql: Statements, session: NewSession, notBefore: number, now: number): Session {
  const { ridHash, pepperId, idleLifetime, absoluteLifetime, verified: _, ...named } = session
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
  if (moved.outcome === 'reissued') {
    const act = {
      actor: session.userId,
      reason: 'the token before the current one came back: an answer was lost, or a copy is in use',
    }
    audit(sql, 'refresh.late_replay', session.sid, act, now)
  }
  const served = { session: { ...session, idleExpiresAt, lastSeenAt: now }, account: toLiveSession(row).account }
  return { ...moved, ...served, pepperId, ...moment }
}

/** Theft ends the session; a token that this database never issued ends nothing. */
function refuse(sql: Statements, outcome: 'reused' | 'ahead', { sid, userId }: Session, now: number): Rotation {
  const reason: RevocationReason = 'refresh_token_reuse'
  if (outcome === 'reused') {
    sql.revokeSession.run({ sid, now, reason })
    writeEntry(sql, 's', sid, 0, now)
    audit(sql, 'refresh.reuse', sid, { actor: userId, reason: 'a refresh token that had been replaced came back' }, now)
  }
  return { outcome, sid, userId }
}

function whyOver(row: Row, now: number): string | undefined {
  if (row.revoked_at !== null) return `revoked: ${row.revoke_reason}`
  if (Number(row.idle_expires_at) <= now) return 'idle lifetime over'
  if (Number(row.absolute_expires_at) <= now) return 'absolute lifetime over'
  if (Number(row.authenticated_at) < Number(row.not_before_at)) return "authenticated before the user's not-before"
  return undefined
}
