// Measures the revocation feed: from the commit of an act until its entry is with every reader, what readers cost the server, and what
// entries cost a verifier. Started by scripts/bench.ts, which has installed and built what it needs.
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopWithCommands } from '../../scripts/run-command.ts'
import { digits, publish, type Table } from '../report.ts'
import { readCpuTime } from '../server/process-use.ts'
import { openReaders } from './readers.ts'
import { measureSet } from './set.ts'

interface Served {
  readonly port: number
  readonly client: { readonly clientId: string; readonly clientSecret: string }
}

interface Delivery {
  readonly readers: number
  readonly p50: number
  readonly p99: number
  readonly worst: number
  /** CPU milliseconds of the server a second, while nothing is revoked. */
  readonly idleCpu: number
}

const isQuick = process.argv.includes('--quick')
const acts = isQuick ? 20 : 100
stopWithCommands()
const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const deliveries: Delivery[] = []
for (const readers of [1, 100, 1000]) deliveries.push(await measureDelivery(readers))
const set = measureSet(400_000)
publish(
  {
    part: 'feed',
    title: 'The revocation feed',
    tables: [deliveryTable(deliveries), setTable(set)],
    measurements: { deliveries, set },
  },
  { keep: !isQuick },
)
process.exit()

async function measureDelivery(readers: number): Promise<Delivery> {
  const child = fork(join(import.meta.dirname, 'server.ts'), [join(folder, `${readers}.db`)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const [served] = (await once(child, 'message')) as [Served]
  const committed = new Map<string, number>()
  const arrived = new Map<string, number[]>()
  child.on('message', ({ jti, committedAt }: { jti: string; committedAt: number }) => committed.set(jti, committedAt))
  const close = await openReaders(readers, served.port, await getToken(served), (jti, at) => arrived.get(jti)?.push(at))
  await sleep(2000)
  const idleCpu = await measureIdleCpu(child)
  for (let act = 0; act < acts; act += 1) {
    const jti = randomBytes(12).toString('base64url')
    arrived.set(jti, [])
    child.send(jti)
    while ((arrived.get(jti)?.length ?? 0) < readers || !committed.has(jti)) await sleep(5)
    await sleep(30 + 40 * Math.random())
  }
  close()
  child.disconnect()
  await once(child, 'exit')
  const delays = [...arrived].flatMap(([jti, moments]) => moments.map((at) => at - (committed.get(jti) ?? 0)))
  delays.sort((a, b) => a - b)
  const quantile = (share: number): number =>
    delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? 0
  return { readers, p50: quantile(0.5), p99: quantile(0.99), worst: quantile(1), idleCpu }
}

async function measureIdleCpu({ pid = 0 }: ChildProcess): Promise<number> {
  const before = readCpuTime(pid)
  await sleep(5000)
  return (readCpuTime(pid) - before) / 5000
}

async function getToken({ port, client: { clientId, clientSecret } }: Served): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

function deliveryTable(measured: readonly Delivery[]): Table {
  return {
    title: 'From commit to reader',
    columns: ['readers', 'p50 ms', 'p99 ms', 'worst ms', 'server CPU, ms a second, nothing revoked', 'target'],
    rows: measured.map(({ readers, p50, p99, worst, idleCpu }) => [
      String(readers),
      ...[p50, p99, worst, idleCpu].map(digits),
      readers === 1000 ? `p99 150 ms: ${p99 <= 150 ? 'met' : 'missed'}` : '',
    ]),
    notes: [
      `${acts} acts, one at a time, at random distances. From the moment an act was committed until its entry had been read from each stream, all in one process beside the server's.`,
      'Readers cost the server a heartbeat each half second.',
    ],
  }
}

function setTable({ bytes, micros, entries }: ReturnType<typeof measureSet>): Table {
  return {
    title: 'In a verifier',
    columns: ['entries', 'bytes an entry', 'µs a check', 'target'],
    rows: [
      [
        String(entries),
        digits(bytes),
        digits(micros),
        `32 bytes: ${bytes <= 32 ? 'met' : 'missed'}; 0.5 µs: ${micros <= 0.5 ? 'met' : 'missed'}`,
      ],
    ],
    notes: [
      'A check asks for session, token, user, client and key of a token that is not revoked; CPU, median of rounds.',
    ],
  }
}
