/**
 * What the revocation feed asks of a database. An act that ends or shrinks trust writes its entry in the same transaction; the
 * sequencer gives the entries their numbers later, without gaps and in one order for all readers. A number that has been given
 * out is never given out again.
 */
import type { RevocationEntry } from '@countersign/token/revocations'

/** The head of the feed: what the sequencer wrote last, by the store's clock. */
export interface FeedHead {
  /** Names the history that the numbers count in. */
  readonly epoch: string
  /** The last number that has been given out. */
  readonly seq: number
  /** When the sequencer last looked, epoch milliseconds. */
  readonly tickAt: number
  /** Raised by each change of the signing keys. */
  readonly keysVersion: number
  /** The longest lifetime of an access token that may still be in use, seconds. */
  readonly maxLifetime: number
}

/**
 * What tells an entry from another that is given the same number, as by a database that was put back: `<end>:<when it was written>:<value>`,
 * the end in epoch seconds. `null` for a number that has no entry.
 */
export type EntryMark = string | null

/** What the sequencer finds. */
export interface SequencedHead extends FeedHead {
  /** Of the last number. */
  readonly mark: EntryMark
  /** Of the number that was seen before. */
  readonly seenMark: EntryMark
  /** Whether this is another database than the history began in: a failover, or a restore. */
  readonly isMoved: boolean
}

/** An entry with its number. */
export interface SequencedRevocation {
  readonly seq: number
  readonly entry: RevocationEntry
}

/** What an operator can revoke directly. */
export type RevocationTarget =
  | { readonly kind: 'token'; readonly jti: string }
  | { readonly kind: 'session'; readonly sid: string }
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'key'; readonly kid: string }
  /** Everything that was issued until now. */
  | { readonly kind: 'all' }

/** What an access token says of itself that an entry may revoke; what is left out is not looked at. */
export interface TokenMarks {
  readonly sid?: string | undefined
  readonly jti?: string | undefined
  readonly sub?: string | undefined
  readonly clientId?: string | undefined
  readonly kid?: string | undefined
  /** Epoch seconds. */
  readonly iat?: number | undefined
}

/** How often the sequencer takes away what has expired, milliseconds; for each second of it, as many as it numbers at once. */
export const cleanEvery = 5000

/** Who did something to whom, and why; for the audit table. */
export interface Act {
  /** A user id, a client id, or `cli`. */
  readonly actor: string
  readonly reason: string
}

/** A line of the audit table, which nobody can change. */
export interface AuditRecord {
  readonly id: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly event: string
  readonly actor: string
  readonly subject: string
  readonly reason: string
}

export interface RevocationStore {
  /**
   * Goes on with the history of the database, or begins one under this name: when there is none, or after a failover. An embedded
   * database, which may have been put back unnoticed, begins one at every start. A database that was restored into another cluster is
   * `restored`, until an operator has said what becomes of its sessions; nothing has changed then.
   */
  joinEpoch(epoch: string): Promise<{ outcome: 'joined' | 'restored' }>
  /** Begins a history of its own; what was numbered before keeps its numbers. */
  beginEpoch(epoch: string): Promise<void>
  /**
   * Begins a history of its own after a restore, ends everything that was issued before and revokes every signing key, one of which may
   * have been revoked since the backup; nothing but the history where sessions are kept.
   */
  completeRestore(epoch: string, keepsSessions: boolean, act: Act): Promise<void>
  /** Says how long access tokens live from now on; a longer lifetime from before counts until its tokens are gone. */
  declareTokenLifetime(seconds: number): Promise<void>
  /**
   * Gives numbers to entries that have none, at most `limit`, takes away some that expired an hour ago when `cleanEvery` is over, and writes a tick if
   * the last is older than `tickEvery` milliseconds; does none of it if there is no need. Tells the mark of a number that was seen before.
   */
  sequence(limit: number, tickEvery: number, seen?: number): Promise<SequencedHead>
  readHead(): Promise<FeedHead>
  /**
   * The entries after a number, in order, at most `limit`. Only entries that have expired are ever taken away, so that what is missing
   * revokes nothing.
   */
  readRevocations(after: number, limit: number): Promise<readonly SequencedRevocation[]>
  /** Every entry that is in force and numbered, merged by what it revokes, with the head it belongs to. */
  readSnapshot(): Promise<{
    readonly head: FeedHead
    readonly now: number
    readonly entries: readonly RevocationEntry[]
  }>
  /** Tells whether an entry, numbered or not, revokes a token that says this of itself. */
  isRevoked(token: TokenMarks): Promise<boolean>
  /** Tells whether a token may be used now: no entry revokes it, and its session, if it names one, is its subject's and may be used. */
  isInForce(token: TokenMarks): Promise<boolean>
  /**
   * Revokes something, with its entry. `unknown` for a user, session, client or key that is not there; `over` for a token that is revoked by itself
   * already: nothing has changed. An operator's act is kept in the audit table.
   */
  revoke(target: RevocationTarget, act?: Act): Promise<{ outcome: 'revoked' | 'over' | 'unknown' }>

  /** Suspends a user: no login, every session over, every access token refused. Works for users without a built-in account. */
  suspendUser(userId: string, act: Act): Promise<{ outcome: 'suspended' | 'unknown' }>
  /** Lets a suspended user sign in again; what was ended stays ended. */
  restoreUser(userId: string, act: Act): Promise<{ outcome: 'restored' | 'unknown' }>

  /** Reads the audit table, the newest first, before an id. */
  listAudit(before: number | undefined, limit: number): Promise<readonly AuditRecord[]>
}

/** What a line of the audit table says was revoked. */
export function subjectOf(target: RevocationTarget): string {
  switch (target.kind) {
    case 'token':
      return target.jti
    case 'session':
      return target.sid
    case 'user':
      return target.userId
    case 'client':
      return target.clientId
    case 'key':
      return target.kid
    case 'all':
      return '*'
  }
}
