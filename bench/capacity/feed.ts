// What readers of the revocation feed cost a server and PostgreSQL, and how large a snapshot is.
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { openPostgresStore } from '@countersign/server'
import { costBetween, readTimes } from '../fleet/cost.ts'
import { type Installation, inParallel } from '../fleet/installation.ts'
import { openStreams, readFeedToken, type Stream } from '../fleet/streams.ts'
import { ask } from '../postgres/cluster.ts'
import { readProcessUse } from '../server/process-use.ts'
import { at } from '../statistics.ts'
import { readWalPosition } from './wal.ts'

const act = { actor: 'bench', reason: 'measured' }

/** With a number of streams, and a number of entries in a second. */
export interface Following {
  readonly streams: number
  readonly entriesPerSecond: number
  /** CPU milliseconds in a second. */
  readonly server: number
  readonly postgres: number
  readonly megabytes: number
  /** Bytes that one stream gets in a second. */
  readonly bytesPerStream: number
  /** Bytes of PostgreSQL's log in a second. */
  readonly wal: number
}

/** Measures a server that nobody follows, that one follows, and that many follow, at rest and while sessions end. */
export async function measureFollowing(
  one: Installation,
  url: string,
  { streams, seconds, rates }: { streams: number; seconds: number; rates: readonly number[] },
): Promise<Following[]> {
  const opened: Stream[] = []
  // What PostgreSQL would do for itself meanwhile.
  await ask(url, 'VACUUM ANALYZE')
  const measured = [await follow(one, url, opened, 0, seconds)]
  opened.push(...(await openStreams(one, 1)))
  measured.push(await follow(one, url, opened, 0, seconds))
  opened.push(...(await openStreams(one, streams - 1)))
  for (const rate of [0, ...rates]) measured.push(await follow(one, url, opened, rate, seconds))
  if (opened.some(({ isOver, heartbeats }) => isOver || heartbeats === 0))
    throw new Error('A stream of the feed stood still or ended.')
  for (const stream of opened) stream.close()
  return measured
}

async function follow(
  one: Installation,
  url: string,
  streams: readonly Stream[],
  rate: number,
  seconds: number,
): Promise<Following> {
  console.error(`${streams.length} streams, ${rate} entries a second.`)
  await sleep(2000)
  const bytes = (): number => streams.reduce((sum, stream) => sum + stream.bytes, 0)
  const [wal, sent, times] = [await readWalPosition(url), bytes(), readTimes(one)]
  const started = performance.now()
  await revokeTokens(url, rate, seconds)
  const passed = (performance.now() - started) / 1000
  const { servers, postgres = 0 } = costBetween(one, times, readTimes(one), 1000 * passed)
  const received = bytes() - sent
  return {
    ...{ streams: streams.length, entriesPerSecond: rate, server: servers, postgres },
    megabytes: readProcessUse(at(one.servers, 0).pid).residentMegabytes,
    bytesPerStream: streams.length === 0 ? 0 : received / streams.length / passed,
    wal: ((await readWalPosition(url)) - wal) / passed,
  }
}

/** Revokes tokens at an even pace. With none, waits. */
async function revokeTokens(url: string, rate: number, seconds: number): Promise<void> {
  const started = performance.now()
  const store = openPostgresStore({ url, maxConnections: 2 })
  for (let done = 0; done < rate * seconds; done += 1) {
    await store.revoke({ kind: 'token', jti: randomBytes(16).toString('base64url') }, act)
    await sleep(Math.max(0, started + (1000 * done) / rate - performance.now()))
  }
  await store.close()
  await sleep(Math.max(0, started + 1000 * seconds - performance.now()))
}

export interface Snapshot {
  readonly entries: number
  readonly bytes: number
  readonly zipped: number
  /** CPU milliseconds for one that is built and zipped. */
  readonly server: number
  readonly postgres: number
}

/** Revokes sessions and measures the snapshot that holds them. */
export async function measureSnapshot(one: Installation, url: string, sids: readonly string[]): Promise<Snapshot> {
  const store = openPostgresStore({ url })
  await inParallel(sids.length, 8, (index) => store.revoke({ kind: 'session', sid: at(sids, index) }, act))
  await store.close()
  const token = await readFeedToken(one, 0)
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' }
  const address = `http://127.0.0.1:${at(one.servers, 0).port}/revocations/snapshot`
  let body = new Uint8Array()
  const before = readTimes(one)
  const builds = 5
  for (let build = 0; build < builds; build += 1) {
    // Fetch would unzip it; one that is younger than a second is not built anew.
    body = new Uint8Array(await readRaw(address, headers))
    await sleep(1100)
  }
  const { servers, postgres = 0 } = costBetween(one, before, readTimes(one), 1000 * builds)
  const json = gunzipSync(body)
  const { entries } = JSON.parse(json.toString()) as { entries: unknown[] }
  if (entries.length < sids.length) throw new Error('The snapshot lacks sessions that were ended.')
  return { entries: entries.length, bytes: json.length, zipped: body.length, server: servers, postgres }
}

async function readRaw(address: string, headers: Record<string, string>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    get(address, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        response.statusCode === 200
          ? resolve(Buffer.concat(chunks))
          : reject(new Error(`A snapshot was answered with ${response.statusCode}.`)),
      )
    }).once('error', reject)
  })
}
