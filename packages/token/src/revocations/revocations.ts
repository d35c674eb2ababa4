/**
 * Owns the wire format of the revocation feed: what is revoked, in a snapshot and in the events that follow it. Both sides read it
 * here, strictly: what does not fit is refused whole, since half of a revocation list is worse than none that one knows of.
 *
 *   s  a session          sid equals the value
 *   j  a token            jti equals the value
 *   u  a user             sub equals the value, and iat is before nbf
 *   c  a client           client_id equals the value, and iat is before nbf
 *   k  a signing key      kid of the header equals the value
 *   g  everything         iat is before nbf; the value is empty
 */

/** Names what an entry revokes. */
export type RevocationKind = 's' | 'j' | 'u' | 'c' | 'k' | 'g'

/**
 * One entry: what it revokes, the not-before (0 where there is none) and the moment after which it says nothing any more, both in
 * epoch seconds.
 */
export type RevocationEntry = readonly [kind: RevocationKind, value: string, notBefore: number, expiresAt: number]

/** Everything that is revoked at one moment, as GET /revocations/snapshot answers. */
export interface RevocationSnapshot {
  readonly v: 1
  readonly iss: string
  /** Names the history that `seq` counts in; another one means that the feed has begun anew. */
  readonly epoch: string
  /** The last event that is in the snapshot. */
  readonly seq: number
  /** The time of the feed, epoch seconds. */
  readonly now: number
  /** The longest lifetime of an access token, seconds. */
  readonly max_ttl: number
  readonly entries: readonly RevocationEntry[]
}

/** The event `rev`: entries, and the number of the event before. Its own number is in the id of the event. */
export interface RevocationBatch {
  readonly p: number
  readonly e: readonly RevocationEntry[]
}

/** The event `hb`: at `now`, by the clock of the feed, nothing after `seq` had been revoked. */
export interface RevocationHeartbeat {
  readonly seq: number
  readonly now: number
}

/** What GET /revocations/changes answers: what has come after a place, or that the reader has to begin anew. */
export type RevocationChanges =
  | {
      readonly epoch: string
      readonly p: number
      readonly seq: number
      readonly now: number
      readonly e: readonly RevocationEntry[]
      /** Whether there is more to be had at once. */
      readonly more: boolean
    }
  | { readonly reset: string }

/** A place in the feed: the id of an event. */
export interface RevocationCursor {
  readonly epoch: string
  readonly seq: number
}

/** Says that something is not in the format of the feed; never quotes it. */
export class RevocationFormatError extends Error {
  override readonly name = 'RevocationFormatError'
}

const KINDS: ReadonlySet<unknown> = new Set<RevocationKind>(['s', 'j', 'u', 'c', 'k', 'g'])
const WITH_NOT_BEFORE: ReadonlySet<unknown> = new Set<RevocationKind>(['u', 'c', 'g'])
const MAX_VALUE_LENGTH = 1024

/** Parses a snapshot. @throws RevocationFormatError */
export function parseRevocationSnapshot(value: unknown): RevocationSnapshot {
  const { v, iss, epoch, seq, now, max_ttl, entries } = toObject(value)
  const isSound =
    v === 1 && typeof iss === 'string' && isEpoch(epoch) && isCount(seq) && isTime(now) && isCount(max_ttl)
  if (!isSound) throw new RevocationFormatError('The snapshot lacks a member, or has one of a wrong type.')
  return { v: 1, iss, epoch, seq, now, max_ttl, entries: parseEntries(entries) }
}

/** Parses the event `rev`. @throws RevocationFormatError */
export function parseRevocationBatch(value: unknown): RevocationBatch {
  const { p, e } = toObject(value)
  if (!isCount(p)) throw new RevocationFormatError('The event does not say which one came before.')
  return { p, e: parseEntries(e) }
}

/** Parses the event `hb`. @throws RevocationFormatError */
export function parseRevocationHeartbeat(value: unknown): RevocationHeartbeat {
  const { seq, now } = toObject(value)
  if (!isCount(seq) || !isTime(now)) throw new RevocationFormatError('The heartbeat lacks its number or its time.')
  return { seq, now }
}

/** Parses what GET /revocations/changes answers. @throws RevocationFormatError */
export function parseRevocationChanges(value: unknown): RevocationChanges {
  const { epoch, p, seq, now, e, more, reset } = toObject(value)
  if (typeof reset === 'string') return { reset }
  if (!isEpoch(epoch) || !isCount(p) || !isCount(seq) || !isTime(now) || typeof more !== 'boolean')
    throw new RevocationFormatError('The changes lack a member, or have one of a wrong type.')
  return { epoch, p, seq, now, e: parseEntries(e), more }
}

/** Parses the id of an event, `epoch:seq`; nothing for what is none. */
export function parseRevocationCursor(id: string): RevocationCursor | undefined {
  const [, epoch, seq] = /^([A-Za-z0-9_-]{1,64}):(\d{1,15})$/.exec(id) ?? []
  return epoch === undefined ? undefined : { epoch, seq: Number(seq) }
}

/** Formats a place in the feed as the id of an event. */
export function formatRevocationCursor({ epoch, seq }: RevocationCursor): string {
  return `${epoch}:${seq}`
}

function parseEntries(value: unknown): readonly RevocationEntry[] {
  if (!Array.isArray(value) || !value.every(isEntry))
    throw new RevocationFormatError('An entry is not one of this format.')
  return value
}

/** A reader that does not know a kind must not go on as if it were not there: the list would be less than it seems. */
function isEntry(entry: unknown): entry is RevocationEntry {
  if (!Array.isArray(entry) || entry.length !== 4) return false
  const [kind, value, notBefore, expiresAt] = entry as unknown[]
  return (
    KINDS.has(kind) &&
    typeof value === 'string' &&
    value.length <= MAX_VALUE_LENGTH &&
    (kind === 'g') === (value === '') &&
    isCount(notBefore) &&
    notBefore > 0 === WITH_NOT_BEFORE.has(kind) &&
    isCount(expiresAt)
  )
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new RevocationFormatError('There is no object.')
  return value as Readonly<Record<string, unknown>>
}
