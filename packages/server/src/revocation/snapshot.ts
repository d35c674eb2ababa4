/** Builds snapshots of what is revoked: one a second for all who ask, zipped once. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { formatRevocationCursor, type RevocationSnapshot } from '@countersign/token/revocations'
import type { Parts } from '../parts.ts'

/** A snapshot, in each of the forms in which it is sent. */
export interface BuiltSnapshot {
  readonly snapshot: RevocationSnapshot
  readonly etag: string
  readonly json: string
  zipped(): Promise<Uint8Array<ArrayBuffer>>
}

const zip = promisify(gzip)
const LIFETIME = 1000

/**
 * Creates what builds them. A snapshot that is a second old is as good as a new one: its reader goes on from its place. One of another
 * history is not: its reader would be sent away again.
 */
export function createSnapshots({ store, feed, settings }: Parts): { get(): Promise<BuiltSnapshot> } {
  let latest: { readonly at: number; readonly epoch: string; readonly built: Promise<BuiltSnapshot> } | undefined

  async function build(): Promise<BuiltSnapshot> {
    const { head, now, entries } = await store.readSnapshot()
    const { epoch, seq, maxLifetime } = head
    const snapshot: RevocationSnapshot = {
      ...{ v: 1, iss: settings.issuer, epoch, seq, now: now / 1000, max_ttl: maxLifetime },
      entries,
    }
    const json = JSON.stringify(snapshot)
    let zipped: Promise<Uint8Array<ArrayBuffer>> | undefined
    return {
      ...{ snapshot, json, etag: `"${formatRevocationCursor({ epoch, seq })}"` },
      zipped: () => {
        zipped ??= zip(json).then((bytes) => new Uint8Array(bytes))
        return zipped
      },
    }
  }

  return {
    async get() {
      // Numbers what has none yet, so that an act which was acknowledged is in the snapshot that is asked for after it.
      const { epoch } = await feed.head()
      const at = performance.now()
      if (latest === undefined || latest.epoch !== epoch || at - latest.at > LIFETIME) {
        const built = build()
        latest = { at, epoch, built }
        built.catch(() => {
          latest = undefined
        })
      }
      return latest.built
    },
  }
}
