/** Revocations in PostgreSQL: the entries that acts write, their numbers, and what an operator revokes directly. */
import type { RevocationEntry } from '@countersign/token/revocations'
import { type EntryMark, type RevocationStore, subjectOf, type TokenMarks } from '../revocation-store.ts'
import { toAuditRecord, toEntry } from '../rows.ts'
import { calls, operator, reads } from './calls.ts'
import type { Database } from './database.ts'
import { toHead } from './rows.ts'

/**
 * How many entries of a snapshot are read at once. Those up to a number neither change nor become more, and go away only when they have
 * expired: so a snapshot need not be one statement, which would outlast the time that a statement has.
 */
const entriesAtOnce = 10_000

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
      const [row = {}] = await read(reads.readHead)
      const [head, now] = [toHead(row), Number(row.now)]
      const merged = mergeEntries()
      for (let from = 0; from < head.seq; ) {
        const [page] = await run(calls.readEntries, [from, head.seq, Math.floor(now / 1000), entriesAtOnce])
        merged.add(page?.entries as RevocationEntry[])
        from = Number(page?.last ?? head.seq)
      }
      return { head, now, entries: merged.entries }
    },

    async isRevoked(token) {
      const [row] = await read(reads.isRevoked, marksOf(token))
      return row?.is_revoked !== false
    },

    async isInForce(token) {
      const [row] = await read(reads.isInForce, marksOf(token))
      return row?.is_in_force === true
    },

    async revoke(target, act) {
      const [row] = await run(calls.revoke, [target.kind, subjectOf(target), ...operator(act)])
      return { outcome: row?.outcome }
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

/** Merges entries by what they revoke, keeping the latest not-before and end. */
function mergeEntries(): {
  add(found: readonly RevocationEntry[]): void
  readonly entries: readonly RevocationEntry[]
} {
  const entries: RevocationEntry[] = []
  const placesByKind = new Map<string, Map<string, number>>()

  function add(found: readonly RevocationEntry[]): void {
    for (const entry of found) {
      const [kind, value, notBefore, expiresAt] = entry
      const places = placesByKind.get(kind) ?? new Map<string, number>()
      placesByKind.set(kind, places)
      const place = places.get(value)
      const known = place === undefined ? undefined : entries[place]
      if (place === undefined || known === undefined) places.set(value, entries.push(entry) - 1)
      else entries[place] = [kind, value, Math.max(notBefore, known[2]), Math.max(expiresAt, known[3])]
    }
  }

  return { add, entries }
}

function marksOf({ sid, jti, kid, sub, clientId, iat }: TokenMarks): unknown[] {
  // A NumericDate may have a fraction (RFC 7519 §2), and a not-before has none.
  return [sid, jti, kid, sub, clientId, iat && Math.floor(iat)]
}
