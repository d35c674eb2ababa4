/**
 * Builds snapshots of what is revoked: for all who ask the same one, written and zipped once. One is built at a time, and no more than half of
 * the time: many entries take seconds.
 */
import { setImmediate as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { formatRevocationCursor, type RevocationSnapshot } from '@countersign/token/revocations'
import type { Parts } from '../parts.ts'

/** A snapshot, in each of the forms in which it is sent. */
export interface BuiltSnapshot {
  readonly etag: string
  /** UTF-8. */
  readonly json: Uint8Array<ArrayBuffer>
  zipped(): Promise<Uint8Array<ArrayBuffer>>
  /** Reads it again: what was written takes a fifth of the memory of what it was written from. */
  parse(): RevocationSnapshot
}

const zip = promisify(gzip)
/** Milliseconds, at least. */
const LIFETIME = 1000
/** So many entries are written without a pause, in a few milliseconds. */
const ENTRIES_AT_ONCE = 10_000

/**
 * Creates what builds them. A snapshot that is a second old, or some, is as good as a new one: its reader goes on from its place. One of
 * another history is not: its reader would be sent away again.
 */
export function createSnapshots({ store, feed, settings }: Parts): { get(): Promise<BuiltSnapshot> } {
  let latest: { readonly epoch: string; readonly built: Promise<BuiltSnapshot> } | undefined

  async function build(): Promise<BuiltSnapshot> {
    const { head, now, entries } = await store.readSnapshot()
    const { epoch, seq, maxLifetime } = head
    const snapshot: RevocationSnapshot = {
      ...{ v: 1, iss: settings.issuer, epoch, seq, now: now / 1000, max_ttl: maxLifetime },
      entries,
    }
    const json = await write(snapshot)
    let zipped: Promise<Uint8Array<ArrayBuffer>> | undefined
    return {
      ...{ json, etag: `"${formatRevocationCursor({ epoch, seq })}"` },
      zipped: () => {
        zipped ??= zip(json).then((bytes) => new Uint8Array(bytes))
        return zipped
      },
      parse: () => JSON.parse(Buffer.from(json).toString()),
    }
  }

  return {
    async get() {
      // Numbers what has none yet, so that an act which was acknowledged is in the snapshot that is built after it.
      const { epoch } = await feed.head()
      if (latest?.epoch === epoch) return latest.built
      const beganAt = performance.now()
      const next = { epoch, built: build() }
      const forget = () => {
        if (latest === next) latest = undefined
      }
      latest = next
      next.built.then(() => {
        const took = performance.now() - beganAt
        setTimeout(forget, Math.max(LIFETIME, 2 * took) - took).unref()
      }, forget)
      return next.built
    },
  }
}

/** Writes a snapshot as JSON, with pauses in which other requests are answered. */
async function write({ entries, ...head }: RevocationSnapshot): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = [Buffer.from(JSON.stringify({ ...head, entries: [] }).slice(0, -2))]
  for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
    const piece = JSON.stringify(entries.slice(at, at + ENTRIES_AT_ONCE)).slice(1, -1)
    pieces.push(Buffer.from(at === 0 ? piece : `,${piece}`))
    await pause()
  }
  return Buffer.concat([...pieces, Buffer.from(']}')])
}
