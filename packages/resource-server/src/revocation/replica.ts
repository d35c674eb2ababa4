/**
 * Owns what a verifier knows of an issuer's revocations, and how far it can rely on it.
 *
 *   INIT    nothing was had yet
 *   LIVE    everything up to at most 3 s ago is known
 *   STALE   nothing was heard for more than 3 s; the set is as good as it was then
 *   DOWN    nothing was heard for more than 30 s
 *   RESYNC  an event is missing, or the feed has begun anew: until a new snapshot is here
 *
 * Lag is the time since a heartbeat came that left nothing out, plus how much later that one came, by the feed's own time in it,
 * than the quickest so far: old heartbeats that someone delivers late count as old. Our clock may run faster than the feed's by 200
 * parts in a million; a feed that begins anew is measured anew, since its clock may have been set.
 *
 * A snapshot is added to what is known and never takes its place: entries end by their time alone. So neither a database that was restored
 * from a backup, and does not know what it had revoked, nor a snapshot that is older than our place un-revokes anything.
 */
import type {
  RevocationCursor,
  RevocationEntry,
  RevocationHeartbeat,
  RevocationSnapshot,
} from '@countersign/token/revocations'
import type { Clock } from '../clock.ts'
import { RevocationSet, type TokenMarks } from './revocation-set.ts'

/** How far a replica can be relied on. */
export type ReplicaState = 'INIT' | 'LIVE' | 'STALE' | 'DOWN' | 'RESYNC'

/** What a replica tells of itself, for metrics. */
export interface ReplicaStatus {
  readonly state: ReplicaState
  /** Seconds; infinite before anything was heard. */
  readonly lag: number
  readonly entries: number
  /** Bytes. */
  readonly memory: number
  /** How much later the feed's clock is than ours, in seconds, as far as the way between them lets one see. */
  readonly clockOffset: number
}

/** Seconds of lag after which a replica is STALE, and DOWN. */
export const STALE_AFTER = 3
export const DOWN_AFTER = 30

const DRIFT = 200e-6
/** Expired entries are removed this often, in seconds. */
const TIDY = 60

/** Hears of each entry that is added. */
export type EntryListener = (entry: RevocationEntry) => void

/** Holds what one issuer has revoked. */
export class Replica {
  readonly #clock: Clock
  #set: RevocationSet | undefined
  #place: RevocationCursor = { epoch: '', seq: 0 }
  #isResyncing = false
  /** The last heartbeat that left nothing out: when it came, in monotonic seconds, and how late that was. */
  #heard: { readonly at: number; readonly lateness: number } | undefined
  /** The quickest heartbeat so far: our monotonic time less the feed's, in seconds, and when that was. */
  #quickest: { readonly difference: number; readonly at: number } | undefined
  #clockOffset = 0
  #tidiedAt = 0
  readonly #listeners = new Set<EntryListener>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Where the feed is to go on. */
  get place(): RevocationCursor {
    return this.#place
  }

  get hasSet(): boolean {
    return this.#set !== undefined
  }

  /** Seconds since everything was known. */
  get lag(): number {
    return this.#heard === undefined
      ? Number.POSITIVE_INFINITY
      : this.#seconds() - this.#heard.at + this.#heard.lateness
  }

  get state(): ReplicaState {
    if (this.#set === undefined || this.#heard === undefined) return 'INIT'
    if (this.#isResyncing) return 'RESYNC'
    const { lag } = this
    return lag <= STALE_AFTER ? 'LIVE' : lag <= DOWN_AFTER ? 'STALE' : 'DOWN'
  }

  get status(): ReplicaStatus {
    const { state, lag } = this
    const [entries, memory] = [this.#set?.size ?? 0, this.#set?.byteLength ?? 0]
    return { state, lag, entries, memory, clockOffset: this.#clockOffset }
  }

  /** Finds what revokes a token, as far as is known. */
  find(marks: TokenMarks): string | undefined {
    return this.#set?.find(marks)
  }

  /** Tells the feed's time where it is later than ours by more than a tolerance, in seconds: the later of the two ends a token. */
  laterNow(now: number, tolerance: number): number {
    return this.#clockOffset > tolerance ? now + this.#clockOffset : now
  }

  /** Calls a listener for each entry that is added from now on; returns what stops that. */
  listen(listener: EntryListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Says that something is missing, so that the set may know less than it seems. */
  startResync(): void {
    this.#isResyncing = this.#set !== undefined
  }

  /** Takes a snapshot beside what is known, and its place as ours. */
  applySnapshot({ epoch, seq, entries, now }: RevocationSnapshot): void {
    this.#set ??= new RevocationSet()
    for (const entry of entries) this.#set.add(entry)
    if (epoch !== this.#place.epoch) this.#quickest = undefined
    this.#place = { epoch, seq }
    this.#clockOffset = now - this.#clock.now()
    for (const entry of entries) this.#tell(entry)
  }

  /** Takes entries after the place; tells whether they follow on it. */
  applyEntries(entries: readonly RevocationEntry[], previous: number, place: RevocationCursor): boolean {
    if (this.#set === undefined || place.epoch !== this.#place.epoch || previous !== this.#place.seq) return false
    for (const entry of entries) {
      this.#set.add(entry)
      this.#tell(entry)
    }
    this.#place = place
    return true
  }

  /** Takes a heartbeat; tells whether everything up to it is known. */
  applyHeartbeat({ seq, now }: RevocationHeartbeat): boolean {
    if (this.#set === undefined || seq > this.#place.seq) return false
    const at = this.#seconds()
    const difference = at - now
    const best = this.#quickest && this.#quickest.difference + DRIFT * (at - this.#quickest.at)
    if (best === undefined || difference <= best) this.#quickest = { difference, at }
    this.#heard = { at, lateness: best === undefined ? 0 : Math.max(0, difference - best) }
    this.#clockOffset = now + this.#heard.lateness - this.#clock.now()
    this.#isResyncing = false
    this.#tidy(at, now)
    return true
  }

  /** An entry is dropped when both clocks say that it has expired. */
  #tidy(at: number, feedNow: number): void {
    if (at - this.#tidiedAt < TIDY) return
    this.#tidiedAt = at
    this.#set?.removeExpired(Math.floor(Math.min(feedNow, this.#clock.now())))
  }

  #tell(entry: RevocationEntry): void {
    for (const listener of this.#listeners) listener(entry)
  }

  #seconds(): number {
    return this.#clock.monotonic() / 1000
  }
}
