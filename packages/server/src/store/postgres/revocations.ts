/** Revocations in PostgreSQL: the entries that acts write, their numbers, and what an operator revokes directly. */
import type { RevocationEntry } from '@countersign/token/revocations'
import { type EntryMark, type RevocationStore, subjectOf, type TokenMarks } from '../revocation-store.ts'
import { toAuditRecord, toEntry } from '../rows.ts'
import { calls, reads } from './calls.ts'
import type { Database } from './database.ts'
import { toHead } from './rows.ts'

export function revocationsIn({ run, runInTime, read }: Database): RevocationStore {
  return {
    async joinEpoch(epoch) {
      const [row] = await run(calls.joinEpoch, [epoch])
      return { outcome: row?.outcome }
    },

    async beginEpoch(epoch) {
      await run(calls.beginEpoch, [epoch])
    },

    async completeRestore(epoch, keepsSessions, { actor, reason }) {
      await run(calls.completeRestore, [epoch, keepsSessions, actor, reason])
    },

    async declareTokenLifetime(seconds) {
      await run(calls.declareTokenLifetime, [seconds])
    },

    async sequence(limit, tickEvery, seen = 0) {
      const [row = {}] = await run(calls.sequence, [limit, tickEvery, seen])
      const [mark, seenMark] = [row.mark as EntryMark, row.seen_mark as EntryMark]
      return { ...toHead(row), mark, seenMark, isMoved: row.is_moved === true }
    },

    async readHead() {
      const [row = {}] = await read(reads.readHead)
      return toHead(row)
    },

    async readRevocations(after, limit) {
      return (await run(calls.readRevocations, [after, limit])).map((row) => ({
        seq: Number(row.seq),
        entry: toEntry(row),
      }))
    },

    async readSnapshot() {
      const [row = {}] = await run(calls.readSnapshot)
      return { head: toHead(row), now: Number(row.now), entries: row.entries as RevocationEntry[] }
    },

    async isRevoked(token) {
      const [row] = await read(reads.isRevoked, marksOf(token))
      return row?.is_revoked !== false
    },

    async isInForce(token) {
      const [row] = await read(reads.isInForce, marksOf(token))
      return row?.is_in_force === true
    },

    async revoke(target, { actor, reason }) {
      const [row] = await run(calls.revoke, [target.kind, subjectOf(target), actor, reason])
      return { outcome: row?.known === true ? 'revoked' : 'unknown' }
    },

    async suspendUser(userId, { actor, reason }) {
      const [row] = await run(calls.suspendUser, [userId, actor, reason])
      return { outcome: row?.outcome }
    },

    async restoreUser(userId, { actor, reason }) {
      return { outcome: await runInTime(calls.restoreUser, [userId, actor, reason]) }
    },

    async listAudit(before, limit) {
      return (await run(calls.listAudit, [before ?? null, limit])).map(toAuditRecord)
    },
  }
}

function marksOf({ sid, jti, kid, sub, clientId, iat }: TokenMarks): unknown[] {
  // A NumericDate may have a fraction (RFC 7519 §2), and a not-before has none.
  return [sid, jti, kid, sub, clientId, iat && Math.floor(iat)]
}
