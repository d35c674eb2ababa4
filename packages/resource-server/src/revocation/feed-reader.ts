/**
 * Keeps a replica up to date: snapshot, then the stream from its place on, and both again after whatever goes wrong. Waits between
 * tries are drawn at random below 0.1, 0.2, 0.4 … 5 s. A socket on which nothing comes for 3 s is given up, that of a poll too. If streams open and stay silent
 * three times, something on the way keeps events back; the long poll takes their place for a minute, every second.
 */
import {
  formatRevocationCursor,
  parseRevocationBatch,
  parseRevocationCursor,
  parseRevocationHeartbeat,
  type RevocationChanges,
} from '@countersign/token/revocations'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { FeedClient } from './feed-client.ts'
import type { Replica } from './replica.ts'
import { readEvents, type ServerSentEvent } from './server-sent-events.ts'

interface FeedReaderParts {
  readonly issuer: string
  readonly client: FeedClient
  readonly replica: Replica
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** Hears that the JWK Set has changed. */
  readonly onKeysChanged: () => void
}

const SHORTEST_WAIT = 100
const LONGEST_WAIT = 5000
const SILENCE = 3000
const SILENT_STREAMS = 3
const POLLING = 60_000
const POLL_WAIT = 1
/** Between two polls, milliseconds: an issuer that does not wait must not be asked without end. */
const POLL_PAUSE = 500

/** Reads the feed of an issuer until it is closed. */
export class FeedReader {
  readonly #parts: FeedReaderParts
  readonly #closing = new AbortController()
  #failures = 0
  #silentStreams = 0
  #pollUntil = Number.NEGATIVE_INFINITY

  constructor(parts: FeedReaderParts) {
    this.#parts = parts
    void this.#run()
  }

  close(): void {
    this.#closing.abort()
  }

  async #run(): Promise<void> {
    const { log, issuer, replica, clock } = this.#parts
    let isSnapshotDue = true
    while (!this.#closing.signal.aborted) {
      try {
        if (isSnapshotDue) replica.applySnapshot(await this.#parts.client.fetchSnapshot())
        isSnapshotDue = false
        const isPolling = clock.monotonic() < this.#pollUntil
        isSnapshotDue = await (isPolling ? this.#poll() : this.#follow())
        if (isSnapshotDue) replica.startResync()
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.#failures += 1
        const reason = error instanceof Error ? error.message : String(error)
        if (this.#failures === 1 || this.#failures % 60 === 0)
          log.warn(
            { event: 'revocations.unavailable', issuer, reason, state: replica.state },
            'the revocation feed cannot be read',
          )
      }
      await this.#pause()
    }
  }

  /** Follows the stream until it ends; tells whether a new snapshot is due. @throws what goes wrong on the way */
  async #follow(): Promise<boolean> {
    const { client, replica, clock } = this.#parts
    const connection = new AbortController()
    const end = (): void => connection.abort()
    this.#closing.signal.addEventListener('abort', end, { once: true })
    let cancel = clock.schedule(end, SILENCE)
    let hasHeard = false
    const onBytes = (): void => {
      cancel()
      cancel = clock.schedule(end, SILENCE)
    }
    try {
      const body = await client.openStream(formatRevocationCursor(replica.place), connection.signal)
      for await (const event of readEvents(body, onBytes)) {
        if (this.#take(event) === 'gap') return true
        hasHeard ||= event.event === 'hb'
      }
      return false
    } finally {
      cancel()
      end()
      this.#closing.signal.removeEventListener('abort', end)
      this.#silentStreams = hasHeard ? 0 : this.#silentStreams + 1
      if (this.#silentStreams >= SILENT_STREAMS) this.#pollUntil = clock.monotonic() + POLLING
    }
  }

  #take({ event, data, id }: ServerSentEvent): 'taken' | 'gap' {
    const { replica, onKeysChanged } = this.#parts
    switch (event) {
      case 'rev': {
        const place = parseRevocationCursor(id)
        const { p, e } = parseRevocationBatch(JSON.parse(data))
        return place !== undefined && replica.applyEntries(e, p, place) ? 'taken' : 'gap'
      }
      case 'hb': {
        const isCaughtUp = replica.applyHeartbeat(parseRevocationHeartbeat(JSON.parse(data)))
        if (isCaughtUp) this.#failures = 0
        return isCaughtUp ? 'taken' : 'gap'
      }
      case 'keys':
        onKeysChanged()
        return 'taken'
      case 'reset':
        return 'gap'
      default:
        return 'taken'
    }
  }

  /** Asks for what is new, until there is nothing more; tells whether a new snapshot is due. */
  async #poll(): Promise<boolean> {
    const { replica } = this.#parts
    for (;;) {
      const changes = await this.#fetchChanges()
      if ('reset' in changes) return true
      const { epoch, seq, p, e, now, more } = changes
      if (!replica.applyEntries(e, p, { epoch, seq })) return true
      if (more) continue
      if (replica.applyHeartbeat({ seq, now })) this.#failures = 0
      return false
    }
  }

  async #fetchChanges(): Promise<RevocationChanges> {
    const { client, replica, clock } = this.#parts
    const connection = new AbortController()
    const end = (): void => connection.abort()
    this.#closing.signal.addEventListener('abort', end, { once: true })
    const cancel = clock.schedule(end, SILENCE)
    try {
      return await client.fetchChanges(formatRevocationCursor(replica.place), POLL_WAIT, connection.signal)
    } finally {
      cancel()
      this.#closing.signal.removeEventListener('abort', end)
    }
  }

  /** Full jitter, so that a thousand readers do not come back at once. */
  #pause(): Promise<void> {
    const { clock, random } = this.#parts
    const isPolling = clock.monotonic() < this.#pollUntil && this.#failures === 0
    const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.max(0, this.#failures - 1))
    const wait = isPolling ? POLL_PAUSE : longest * random()
    const { signal } = this.#closing
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.schedule(done, wait)
      signal.addEventListener('abort', done)
    })
  }
}
