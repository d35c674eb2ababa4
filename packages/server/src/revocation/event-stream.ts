/**
 * Writes the feed as server-sent events to one reader. What the reader does not take stays in a queue of ours, at most a megabyte
 * and for at most a second; a reader that falls behind is told to begin anew and let go.
 */
import { formatRevocationCursor, type RevocationCursor, type RevocationEntry } from '@countersign/token/revocations'
import type { FeedReader } from './feed.ts'

const MAX_QUEUED = 1024 * 1024
const MAX_DELAY = 1000

/** A stream of events and what feeds it. */
export interface EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly reader: FeedReader
  /** Ends the stream, after a last word to the reader. */
  end(reason?: 'gap' | 'epoch' | 'slow'): void
}

/** @param onEnd runs once, whoever ends the stream; `monotonic` is in milliseconds */
export function createEventStream(onEnd: () => void, monotonic: () => number = () => performance.now()): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array>
  let emptyAt = monotonic()
  let isOver = false

  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
      },
      cancel: finish,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_QUEUED }),
  )

  function finish(): void {
    if (isOver) return
    isOver = true
    onEnd()
  }

  function write(event: Uint8Array): void {
    if (isOver) return
    const queued = MAX_QUEUED - (controller.desiredSize ?? 0)
    if (queued === 0) emptyAt = monotonic()
    const isBehind = queued >= MAX_QUEUED || monotonic() - emptyAt > MAX_DELAY
    if (isBehind) end('slow')
    else controller.enqueue(event)
  }

  function end(reason?: 'gap' | 'epoch' | 'slow'): void {
    if (isOver) return
    if (reason !== undefined) controller.enqueue(encode('reset', { reason }))
    controller.close()
    finish()
  }

  return {
    body,
    reader: {
      revoked: (entries, previous, cursor) => write(encodeEntries(entries, previous, cursor)),
      heartbeat: (seq, now) => write(encodeHeartbeat(seq, now)),
      keysChanged: () => write(encode('keys', {})),
      reset: (reason) => end(reason),
      end: () => end(),
    },
    end,
  }
}

const encoder = new TextEncoder()
/** What all readers are told is written once. */
const encodedEntries = new WeakMap<readonly RevocationEntry[], Uint8Array>()
let lastHeartbeat = { seq: -1, now: -1, event: new Uint8Array() }

function encodeEntries(entries: readonly RevocationEntry[], previous: number, cursor: RevocationCursor): Uint8Array {
  const known = encodedEntries.get(entries)
  if (known !== undefined) return known
  const event = encode('rev', { p: previous, e: entries }, formatRevocationCursor(cursor))
  encodedEntries.set(entries, event)
  return event
}

function encodeHeartbeat(seq: number, now: number): Uint8Array {
  if (lastHeartbeat.seq !== seq || lastHeartbeat.now !== now)
    lastHeartbeat = { seq, now, event: encode('hb', { seq, now }) }
  return lastHeartbeat.event
}

function encode(event: string, data: unknown, id?: string): Uint8Array<ArrayBuffer> {
  const head = id === undefined ? `event: ${event}\n` : `id: ${id}\nevent: ${event}\n`
  return encoder.encode(`${head}data: ${JSON.stringify(data)}\n\n`)
}
