/** Revocations in SQLite: the entries that acts write, their numbers, and what an operator revokes directly. */
import {
  cleanEvery,
  type EntryMark,
  type FeedHead,
  type RevocationStore,
  type RevocationTarget,
  subjectOf,
  type TokenMarks,
} from '../revocation-store.ts'
import { toAuditRecord, toEntry } from '../rows.ts'
import type { Database } from './database.ts'
import { audit, endEverything, notBeforeOf, readHead, writeEntry } from './entries.ts'
import { endEverythingIssued, revokeKey } from './keys.ts'
import { revokeAll } from './sessions.ts'
import type { Statements } from './statements.ts'

export function revocationsIn({ sql, now: clock, transaction }: Database): RevocationStore {
  return {
    async joinEpoch(epoch) {
      await transaction(() => sql.joinEpoch.run({ epoch }))
      return { outcome: 'joined' }
    },

    async beginEpoch(epoch) {
      await transaction(() => sql.beginEpoch.run({ epoch }))
    },

    async completeRestore(epoch, keepsSessions, act) {
      await transaction((now) => {
        if (!keepsSessions) endEverythingIssued(sql, act, now)
        sql.beginEpoch.run({ epoch })
        audit(sql, 'restore.complete', keepsSessions ? 'sessions kept' : '*', act, now)
      })
    },

    async declareTokenLifetime(seconds) {
      await transaction((now) => sql.declareTokenLifetime.run({ seconds, now }))
    },

    async sequence(limit, tickEvery, seen = 0) {
      const withMarks = (head: FeedHead) => {
        const [mark, seenMark] = [markOf(sql, head.seq), markOf(sql, seen)]
        return { ...head, mark, seenMark, isMoved: false }
      }
      const head = readHead(sql, clock())
      const isTickDue = clock() - head.tickAt >= tickEvery || clock() < head.tickAt
      if (!isTickDue && sql.hasUnnumbered.get() === undefined) return withMarks(head)
      return transaction((now) => {
        const { tickAt } = readHead(sql, now)
        const { changes } = sql.numberRevocations.run({ limit })
        sql.advanceHead.run({ count: changes, now })
        const isCleaningDue = Math.floor(now / cleanEvery) !== Math.floor(tickAt / cleanEvery)
        if (isCleaningDue) sql.deleteStaleRevocations.run({ now, limit: limit * (cleanEvery / 1000) })
        return withMarks(readHead(sql, now))
      })
    },

    async readHead() {
      return readHead(sql, clock())
    },

    async readRevocations(after, limit) {
      return sql.readRevocations.all({ after, limit }).map((row) => ({ seq: Number(row.seq), entry: toEntry(row) }))
    },

    async readSnapshot() {
      return transaction((now) => {
        const entries = sql.readSnapshot.all({ now: Math.floor(now / 1000) }).map(toEntry)
        return { head: readHead(sql, now), now, entries }
      })
    },

    async isRevoked(token) {
      return sql.isRevoked.get({ ...marksOf(token), second: Math.floor(clock() / 1000) }) !== undefined
    },

    async isInForce(token) {
      const now = clock()
      return sql.isInForce.get({ ...marksOf(token), second: Math.floor(now / 1000), now }) !== undefined
    },

    async revoke(target, act) {
      return transaction((now) => {
        const isRevoked = target.kind === 'token' && sql.isTokenRevoked.get({ jti: target.jti, now }) !== undefined
        if (isRevoked) return { outcome: 'over' }
        if (!revokeTarget(sql, target, now)) return { outcome: 'unknown' }
        if (act !== undefined) audit(sql, `revoke.${target.kind}`, subjectOf(target), act, now)
        return { outcome: 'revoked' }
      })
    },

    async suspendUser(userId, act) {
      return transaction((now) => {
        if (sql.suspendUser.run({ id: userId, now }).changes === 0) return { outcome: 'unknown' }
        revokeAll(sql, userId, 'suspended', '', now)
        audit(sql, 'user.suspend', userId, act, now)
        return { outcome: 'suspended' }
      })
    },

    async restoreUser(userId, act) {
      return transaction((now) => {
        if (sql.restoreUser.run(userId).changes === 0) return { outcome: 'unknown' }
        audit(sql, 'user.restore', userId, act, now)
        return { outcome: 'restored' }
      })
    },

    async listAudit(before, limit) {
      return sql.listAudit.all({ before: before ?? null, limit }).map(toAuditRecord)
    },
  }
}

function marksOf({ sid, jti, sub, clientId, kid, iat }: TokenMarks) {
  return {
    ...{ sid: sid ?? null, jti: jti ?? null, sub: sub ?? null },
    ...{ clientId: clientId ?? null, kid: kid ?? null, iat: iat ?? null },
  }
}

function markOf(sql: Statements, seq: number): EntryMark {
  const row = sql.entryMark.get(seq)
  return row === undefined ? null : String(row.mark)
}

function revokeTarget(sql: Statements, target: RevocationTarget, now: number): boolean {
  const notBefore = notBeforeOf(now)
  switch (target.kind) {
    case 'token':
      writeEntry(sql, 'j', target.jti, 0, now)
      return true
    case 'session': {
      const { changes } = sql.revokeSession.run({ sid: target.sid, now, reason: 'revoked' })
      if (changes === 1) writeEntry(sql, 's', target.sid, 0, now)
      return changes === 1 || sql.hasSession.get(target.sid) !== undefined
    }
    case 'user':
      if (sql.findUser.get(target.userId) === undefined) return false
      revokeAll(sql, target.userId, 'revoked', '', now)
      return true
    case 'client':
      if (sql.raiseClientNotBefore.run({ id: target.clientId, notBefore }).changes === 0) return false
      writeEntry(sql, 'c', target.clientId, notBefore / 1000, now)
      return true
    case 'key':
      if (!revokeKey(sql, target.kid, now)) return false
      writeEntry(sql, 'k', target.kid, 0, now)
      return true
    case 'all':
      endEverything(sql, now)
      return true
  }
}
