/**
 * The revocation feed of one server: numbers what acts have written, follows the numbers, and tells the readers.
 *
 * States of a reader: it has a snapshot and a place; it gets every entry after its place, in order, each event naming the one
 * before; a heartbeat says that at that time there was nothing more. A reader of another history, or one ahead of ours, is told to
 * begin anew.
 *
 * What is guarded against: a heartbeat is passed on only when the store has a newer tick, and with the tick's own time, so that a
 * server which is cut off from its database, or whose loop stands still, looks dead and not calm. A reader that does not keep up is
 * told so and let go, so that it cannot hold what it missed in our memory. A database that is older than what was seen of it (our own
 * head, a reader's place, a refresh token), or in which the last number that was seen stands for something else, was put back from a
 * backup or taken over by a replica that lagged: a new history begins, and readers keep what they knew beside what they are told anew.
 * A reader that comes from another server knows what that one numbered a moment ago: it is judged by a turn that began after it came.
 * That it is another database than before (its timeline, its system identifier) is looked at with each tick.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RevocationCursor, RevocationEntry } from '@countersign/token/revocations'
import { describeError, type Log } from '../log.ts'
import type { FeedHead, SequencedHead } from '../store/revocation-store.ts'
import type { Store } from '../store/store.ts'

/** What a reader of the feed is told. */
export interface FeedReader {
  /** Entries, the number of the event before, and the place after them. */
  revoked(entries: readonly RevocationEntry[], previous: number, cursor: RevocationCursor): void
  /** There was nothing after `seq` at `now`, epoch seconds of the store. */
  heartbeat(seq: number, now: number): void
  /** The JWK Set has changed. */
  keysChanged(): void
  /** The reader has to begin anew. */
  reset(reason: 'epoch'): void
  /** The server stops. */
  end(): void
}

/** The database was restored from a backup into another cluster: what becomes of its sessions is for an operator to say. */
export class RestoredDatabaseError extends Error {
  override readonly name = 'RestoredDatabaseError'
}

/** The feed of one server. */
export interface Feed {
  /** Goes on with the history of the database. @throws RestoredDatabaseError */
  join(): Promise<void>
  /** Begins a new history, as the database turns out to be older than what was seen of it; once a start. */
  raiseEpoch(why: string): Promise<void>
  /** Finds where the feed stands, no earlier than when it is asked: what was committed or numbered before, by whomever, is in it. */
  head(): Promise<FeedHead>
  /** Follows the feed from a place on, after what was missed has been told; answers with what stops it. */
  follow(from: RevocationCursor, reader: FeedReader): Promise<(() => void) | 'reset'>
  /** Looks for what acts have written, now instead of within 25 ms. */
  poke(): void
  /** How it stands here. `head` is what the last turn found, nothing before the first. */
  status(): { readonly head: FeedHead | undefined; readonly readers: number; readonly isStalled: boolean }
  close(): void
}

interface FeedParts {
  readonly store: Store
  readonly log: Log
  readonly random: (length: number) => Uint8Array
  /** Hears that the keys have another version than at the last turn. */
  readonly onKeysChanged?: (keysVersion: number) => void
  /** How often it turns while nobody follows, milliseconds. @default 10000 */
  readonly idleTurn?: number
}

const restoredMessage =
  'The database was restored into another cluster. Run: countersign restore-complete, which ends every session of before, as nobody can tell which of them were ended since the backup.'

/** Whether an entry ended so long ago that it may have been taken away; half of the hour that the store waits. */
function isForgotten(mark: string, now: number): boolean {
  return Number(mark.split(':', 1)[0]) + 1800 < now / 1000
}

const POLL = 25
const TICK = 500
const BATCH = 1000

export function createFeed({ store, log, random, onKeysChanged, idleTurn = 10_000 }: FeedParts): Feed {
  const readers = new Set<FeedReader>()
  let head: SequencedHead | undefined
  let turning: Promise<FeedHead> | undefined
  let isFollowing = false
  let isFailing = false
  let joining: Promise<void> | undefined
  let hasRaised = false
  let isStalled = false
  let isClosed = false
  // What goes on after the request that began it is no part of that request, for the log and for traces.
  const outsideRequests = AsyncLocalStorage.snapshot()
  // Turns also take away what has expired; what nobody follows would pile up. A store that is away is told of by those who need it.
  const idle = setInterval(() => void (isFollowing || turn().catch(() => {})), idleTurn).unref()
  let wake: () => void = () => {}

  /** One turn: number, read, tell. Turns never overlap, so that readers are told in order. */
  function turn(): Promise<FeedHead> {
    turning ??= advance()
      .then(
        (next) => {
          isStalled = false
          return next
        },
        (error: unknown) => {
          isStalled = true
          throw error
        },
      )
      .finally(() => {
        turning = undefined
      })
    return turning
  }

  /** A turn that began after the question: one that is under way may not have seen what another server has numbered since. */
  async function laterTurn(): Promise<FeedHead> {
    await turning
    return turn()
  }

  const newName = () => Buffer.from(random(12)).toString('base64url')

  function join(): Promise<void> {
    joining ??= store.joinEpoch(newName()).then(({ outcome }) => {
      if (outcome === 'restored') throw new RestoredDatabaseError(restoredMessage)
    })
    return joining.catch((error: unknown) => {
      joining = undefined
      throw error
    })
  }

  async function begin(why: string): Promise<void> {
    await store.beginEpoch(newName())
    log.warn(
      { event: 'revocations.epoch', alert: true, why },
      'the database is older than what was seen of it: if it was restored, run countersign restore-complete',
    )
  }

  async function raiseEpoch(why: string): Promise<void> {
    if (hasRaised) return
    hasRaised = true
    await begin(why).catch((error: unknown) => {
      hasRaised = false
      throw error
    })
  }

  async function advance(): Promise<FeedHead> {
    await join()
    let next = await numberAll()
    if (next.isMoved) {
      // A failover, or another database under the same name.
      joining = undefined
      await join()
      next = await numberAll()
    }
    if (head !== undefined && isPutBack(head, next)) {
      await begin('its revocation feed is not the one that was read')
      next = await numberAll()
    }
    if (head !== undefined) {
      if (next.epoch !== head.epoch) endAll((reader) => reader.reset('epoch'))
      if (readers.size > 0) await tell(head, next)
      if (next.keysVersion !== head.keysVersion) onKeysChanged?.(next.keysVersion)
    }
    head = next
    return next
  }

  /** Numbers everything that has no number yet: a head that leaves something out would pass for the present. */
  async function numberAll(): Promise<SequencedHead> {
    for (let from = head?.seq ?? (await store.readHead()).seq; ; ) {
      const next = await store.sequence(BATCH, TICK, head?.seq)
      if (next.seq - from < BATCH) return next
      from = next.seq
    }
  }

  async function tell(from: FeedHead, to: FeedHead): Promise<void> {
    await readTo(from.seq, to, (...told) => {
      for (const reader of readers) reader.revoked(...told)
    })
    if (to.keysVersion !== from.keysVersion) for (const reader of readers) reader.keysChanged()
    if (to.tickAt !== from.tickAt) for (const reader of readers) reader.heartbeat(to.seq, to.tickAt / 1000)
  }

  /** Reads entries up to a head, batch by batch, each of which names the number before it. */
  async function readTo(from: number, to: FeedHead, take: FeedReader['revoked']): Promise<void> {
    for (let seq = from; seq < to.seq; ) {
      const found = (await store.readRevocations(seq, BATCH)).filter((one) => one.seq <= to.seq)
      const last = found.length < BATCH ? to.seq : (found.at(-1)?.seq ?? to.seq)
      const entries = found.map(({ entry }) => entry)
      take(entries, seq, { epoch: to.epoch, seq: last })
      seq = last
    }
  }

  /** Turns while somebody follows. A store that is away is tried again, and the silence tells the readers. */
  async function keepTurning(): Promise<void> {
    if (isFollowing) return
    isFollowing = true
    while (readers.size > 0) {
      await turn().then(
        () => {
          isFailing = false
        },
        (error: unknown) => {
          if (!isFailing)
            log.error(
              { event: 'revocations.stalled', alert: true, err: describeError(error) },
              'the revocation feed stands still',
            )
          isFailing = true
        },
      )
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, POLL).unref()
      })
    }
    isFollowing = false
  }

  /** Whether a database that goes by the same history is older than what was seen of it, or has gone on from there otherwise. */
  function isPutBack(seen: SequencedHead, next: SequencedHead): boolean {
    if (next.epoch !== seen.epoch) return false
    if (next.seq < seen.seq) return true
    if (seen.mark === null || seen.mark === next.seenMark) return false
    return next.seenMark !== null || !isForgotten(seen.mark, next.tickAt)
  }

  function endAll(tell: (reader: FeedReader) => void): void {
    for (const reader of readers) tell(reader)
    readers.clear()
  }

  return {
    join,
    raiseEpoch,
    head: laterTurn,
    async follow(from, reader) {
      let present = await laterTurn()
      if (from.epoch === present.epoch && from.seq > present.seq) {
        await raiseEpoch('a reader of the revocation feed is ahead of it')
        return 'reset'
      }
      for (let { seq } = from; ; present = await turn()) {
        if (from.epoch !== present.epoch) return 'reset'
        await readTo(seq, present, (...told) => reader.revoked(...told))
        seq = present.seq
        if (turning !== undefined || head !== present) continue
        // Nothing is awaited from here on: the next turn tells this reader too, from the same place.
        readers.add(reader)
        if (isClosed) endAll((one) => one.end())
        reader.heartbeat(seq, present.tickAt / 1000)
        void outsideRequests(keepTurning)
        return () => readers.delete(reader)
      }
    },
    poke: () => wake(),
    status: () => ({ head, readers: readers.size, isStalled }),
    close() {
      isClosed = true
      clearInterval(idle)
      endAll((reader) => reader.end())
    },
  }
}
