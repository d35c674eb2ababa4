/**
 * What every act that ends trust writes beside itself, in its own transaction: the entry of the revocation feed, with its
 * not-before and the moment it may be forgotten, and the line of the audit table.
 */
import type { RevocationKind } from '@countersign/token/revocations'
import type { Act, FeedHead } from '../revocation-store.ts'
import { StoreUnavailableError } from '../store.ts'
import type { Statements } from './statements.ts'

/** A verifier may lag behind by its tolerance; the entry outlives what it revokes by this, in seconds. */
const SKEW = 60
/** A JWK Set may be cached this long somewhere; the entry of a key outlives that, in seconds. */
const KEY_ENTRY_LIFETIME = 30 * 86_400

/** Writes an entry that has no number yet; inside the transaction of the act. */
export function writeEntry(sql: Statements, kind: RevocationKind, value: string, notBefore: number, now: number): void {
  const seconds = Math.ceil(now / 1000)
  const lifetime = kind === 'k' ? KEY_ENTRY_LIFETIME : readHead(sql, now).maxLifetime + SKEW
  // A token may be dated up to the not-before, which is in the future by a second at the most.
  const expiresAt = Math.max(seconds, notBefore) + lifetime
  sql.writeRevocation.run({ kind, value, notBefore, expiresAt, now })
}

/** Writes a line of the audit table; inside the transaction of the act. */
export function audit(sql: Statements, event: string, subject: string, { actor, reason }: Act, now: number): void {
  sql.writeAudit.run({ now, event, actor, subject, reason })
}

/** Ends every session, and everything that was issued until now; inside the transaction of the act. */
export function endEverything(sql: Statements, now: number): void {
  const notBefore = notBeforeOf(now)
  sql.raiseGlobalNotBefore.run({ notBefore })
  // The not-before ends every session that is older.
  sql.revokeEverySessionFrom.run({ notBefore, now })
  writeEntry(sql, 'g', '', notBefore / 1000, now)
}

/** A not-before is at most a second ahead of the clock that wrote it. */
export function isClockBehind(notBefore: number, now: number): boolean {
  return notBefore - now > 1000
}

/** The first whole second after now: tokens minted up to now are older (iat < nbf), those of a new login are not. */
export function notBeforeOf(now: number): number {
  return (Math.floor(now / 1000) + 1) * 1000
}

/** Reads the number that each change of the signing keys raises. */
export function readKeysVersion(sql: Statements): number {
  return Number(sql.keysVersion.get()?.keys_version)
}

/** Reads the head of the feed. */
export function readHead(sql: Statements, now: number): FeedHead {
  const row = sql.readHead.get({ now })
  if (row === undefined) throw new StoreUnavailableError('the revocation feed has lost its head')
  return {
    epoch: String(row.epoch),
    seq: Number(row.head),
    tickAt: Number(row.tick_at),
    keysVersion: Number(row.keys_version),
    maxLifetime: Number(row.max_lifetime),
  }
}
