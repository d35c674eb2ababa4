/** Sessions in PostgreSQL: each of these is one call of a function in functions/. */
import type { Served } from '../../sessions/rotation.ts'
import { type Row, toSession } from '../rows.ts'
import type { NewSession, Opening, Presentation, Rotation, Store } from '../store.ts'
import { calls, reads } from './calls.ts'
import type { Database } from './database.ts'
import { toAccount, toLiveSession, toRotationState } from './rows.ts'

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

export function sessionsIn({ run, runInTime, read }: Database): SessionMethods {
  return {
    async markCredentials() {
      const [row] = await run(calls.markCredentials)
      return Number(row?.last_value)
    },

    async openSession(session) {
      const { verified, idleLifetime, absoluteLifetime } = session
      const version = 'passwordVersion' in verified ? verified.passwordVersion : null
      const mark = 'mark' in verified ? verified.mark : null
      const values = [toRecord(session), idleLifetime, absoluteLifetime, version, mark, session.maxSessions]
      return toOpening(session, await runInTime<Row>(calls.openSession, values))
    },

    async rotate(presentation) {
      const [row] = await run<{ rotation: Row & { session: Row } }>(calls.rotate, toParameters(presentation))
      return toRotation(row?.rotation ?? { session: {} })
    },

    async findLiveSession(sid, { jti = null, kid = null } = {}) {
      const [row] = await read(reads.findLiveSession, [sid, jti, kid])
      return row && toLiveSession(row)
    },

    async findLiveSessionByRid(ridHash) {
      const [row] = await read(reads.findLiveSessionByRid, [ridHash])
      return row && toSession(row)
    },

    async useSession({ ridHash, mode, idleLifetime, slideAfter }) {
      const [row] = await read(reads.findLiveSessionByRid, [ridHash])
      if (row?.mode !== mode) return undefined
      if (Number(row.now) - Number(row.last_seen_at) < slideAfter) return toLiveSession(row)
      const [slid] = await run(calls.useSession, [ridHash, mode, idleLifetime, slideAfter])
      return slid && toLiveSession(slid)
    },

    async listLiveSessions(userId) {
      return (await run(calls.listLiveSessions, [userId])).map(toSession)
    },

    async revokeSession(session, reason) {
      const named = 'sid' in session ? [session.sid, session.userId, null] : [null, null, session.ridHash]
      const [row] = await run(calls.revokeSession, [...named, reason])
      if (row?.outcome !== 'revoked') return { outcome: row?.outcome }
      return { outcome: 'revoked', sid: String(row.sid), userId: String(row.user_id) }
    },

    async revokeSessions(userId, reason, keepSid = '') {
      const [row] = await run(calls.revokeSessions, [userId, reason, keepSid])
      return { outcome: row?.outcome }
    },

    async revokeOtherSessions(userId, keepSid, reason) {
      const [row] = await run(calls.revokeOtherSessions, [userId, reason, keepSid])
      return { outcome: row?.outcome }
    },
  }
}

/** The columns that are known before the database has read its clock. */
function toRecord(session: NewSession): string {
  return JSON.stringify({
    sid: session.sid,
    rid_hash: `\\x${Buffer.from(session.ridHash).toString('hex')}`,
    user_id: session.userId,
    client_id: session.clientId,
    mode: session.mode,
    scope: session.scope,
    audience: session.audience,
    amr: session.amr.join(' '),
    user_agent: session.userAgent,
    ip: session.ip,
    pepper_id: session.pepperId,
  })
}

function toOpening(session: NewSession, row: Row): Opening {
  if (row.outcome !== 'opened') return { outcome: row.outcome as 'credentials_changed' | 'clock_behind' }
  const {
    ridHash: _,
    pepperId: __,
    idleLifetime: ___,
    absoluteLifetime: ____,
    verified: _____,
    maxSessions: ______,
    ...named
  } = session
  const now = Number(row.now)
  const times = {
    createdAt: now,
    lastSeenAt: now,
    authenticatedAt: Number(row.authenticated_at),
    idleExpiresAt: Number(row.idle_expires_at),
    absoluteExpiresAt: Number(row.absolute_expires_at),
  }
  return { outcome: 'opened', session: { ...named, ...times }, ended: row.ended as string[], ...toMoment(row) }
}

function toMoment(row: Row) {
  return { now: Number(row.now), notBefore: Number(row.not_before), keysVersion: Number(row.keys_version) }
}

function toParameters(presentation: Presentation): unknown[] {
  const { ridHash, gen, att, clientId, modes, pepperId, limits, idleLifetime, audience, deadline } = presentation
  return [
    ridHash,
    gen,
    att,
    clientId,
    modes,
    pepperId,
    limits.leeway,
    limits.hold,
    idleLifetime,
    audience,
    Math.floor(deadline),
  ]
}

function toRotation({ session, ...row }: Row & { readonly session: Row }): Rotation {
  switch (row.outcome) {
    case 'late':
    case 'unknown':
    case 'other_audience':
    case 'clock_behind':
      return { outcome: row.outcome }
    case 'over':
      return { outcome: 'over', sid: String(session.sid), why: String(row.why) }
    case 'reused':
    case 'ahead':
      return { outcome: row.outcome, sid: String(session.sid), userId: String(session.user_id) }
    default:
      return {
        outcome: row.outcome as Served,
        session: toSession(session),
        account: row.account === null ? undefined : toAccount(row.account as Row),
        state: toRotationState(session),
        pepperId: Number(session.pepper_id),
        successor: row.successor === true,
        ...toMoment(row),
      }
  }
}
