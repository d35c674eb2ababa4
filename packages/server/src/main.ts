/**
 * Starts the server on Node: `main.ts dev` for trying it out, `main.ts start` for production. Binds the port first, so that a busy
 * port changes nothing; then opens folder, database and keys; then says that it is ready.
 *
 * Exit codes: 0 stopped as asked, 1 could not start, 2 wrong usage or settings.
 */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { type AddressInfo, isIPv6, Server as NetServer } from 'node:net'
import { dirname } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { Logger } from 'pino'
import { assertMasterKeyKept, DataFolderError, prepareDataFolder, readOrMakeMasterKey } from './data-folder.ts'
import { openProcessLog, type ProcessLog } from './log-destination.ts'
import { answerScrape, metricsPage } from './metrics-page.ts'
import { createNodeServer } from './node.ts'
import { readyBlock } from './ready-block.ts'
import { RestoredDatabaseError } from './revocation/feed.ts'
import { type AuthorizationServer, createAuthorizationServer } from './server.ts'
import { type RunMode, readEnvironment, resolveEnvironment, type StartSettings } from './settings/environment.ts'
import { SettingsError } from './settings/settings-error.ts'
import { openStore } from './store/database-location.ts'
import { assertUsable, UnusableDatabaseError } from './store/sqlite/migrations.ts'
import type { Store } from './store/store.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** How long requests in flight may take to finish after a signal, milliseconds. */
const drainTime = 5000

interface Running {
  readonly server: AuthorizationServer
  readonly store: Store
  readonly issuer: string
}

async function main(mode: string | undefined): Promise<void> {
  if (mode !== 'dev' && mode !== 'start') return fail('Usage: main.ts dev | start', 2)
  process.umask(0o077)
  // V8 waits until old objects and garbage take four times what lived at the last collection; a server of 16 MB need not take 64.
  setFlagsFromString('--heap-growing-percent=50')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const stop = createStop()
  const settings = await readSettings(mode)
  const processLog = openProcessLog(mode === 'dev' ? 2 : 1, settings.logLevel)
  try {
    await serve(settings, processLog, stop)
  } catch (error) {
    tell(messageOf(error))
    await processLog.leave(1)
  }
}

async function serve(settings: StartSettings, processLog: ProcessLog, stop: Stop): Promise<void> {
  const { mode } = settings
  const { log } = processLog
  for (const warning of settings.warnings) log.warn(warning)

  let begin: (running: Promise<Running>) => void = () => {}
  const running = new Promise<Running>((resolve) => {
    begin = resolve
  })
  const metrics = await createMetrics(settings)
  const shownHere = settings.metricsPort === undefined ? metrics : undefined
  const httpServer = createNodeServer({
    async fetch(request, env) {
      const scrape = shownHere && (await answerScrape(shownHere, request))
      const response = scrape ?? (await (await running).server.fetch(request, env))
      // Whoever keeps the connection open is to send its next request elsewhere.
      if (stop.hasBegun) response.headers.set('connection', 'close')
      return response
    },
  })
  const port = await listen(httpServer, settings, 'PORT')
  const metricsPort = metrics && (await listenForScrapes(metrics, settings))
  begin(open(settings, port, log, metrics))

  const { server, store, issuer } = await running
  stop.whenAsked((signal) => stopWhole(httpServer, { server, store }, processLog, signal))
  if (mode === 'dev')
    process.stdout.write(
      readyBlock(
        {
          ...settings,
          issuer,
          listening: addressOf(settings.host, port),
          metricsAddress: addressOf(settings.host, metricsPort ?? port),
        },
        randomBytes(4).toString('hex'),
        randomBytes(12).toString('base64url'),
      ),
    )
  else log.info({ event: 'server.ready', issuer, host: settings.host, port, metricsPort }, 'ready')
}

function addressOf(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

async function readSettings(mode: RunMode): Promise<StartSettings> {
  try {
    return readEnvironment(await resolveEnvironment(process.env), mode)
  } catch (error) {
    return error instanceof SettingsError ? fail(error.message, error.isTransient ? 1 : 2) : fail(String(error), 1)
  }
}

type PortName = 'PORT' | 'COUNTERSIGN_METRICS_PORT'

function listen(
  httpServer: Server,
  { port, host }: Pick<StartSettings, 'port' | 'host'>,
  name: PortName,
): Promise<number> {
  return new Promise((resolve, reject) => {
    httpServer.on('error', (error: NodeJS.ErrnoException) =>
      reject(new ListenError(listenProblem(error, port, host, name))),
    )
    httpServer.listen(port, host, () => resolve((httpServer.address() as AddressInfo).port))
  })
}

class ListenError extends Error {
  override readonly name = 'ListenError'
}

function listenProblem(error: NodeJS.ErrnoException, port: number, host: string, name: PortName): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is used by another program. Stop that program, or set ${name} to another number.`
    case 'EACCES':
      return `Port ${port} on ${host} needs rights that this user lacks. Set ${name} to a number above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${host}, which is no address of this machine. Set HOST to one that is, such as 127.0.0.1.`
    default:
      return `Cannot listen on ${host}, port ${port}: ${error.message}`
  }
}

/** Metrics are for those who ask for them, and for whoever tries the server out; prom-client is loaded by no one else. */
async function createMetrics({ mode, metricsPort }: StartSettings): Promise<Metrics | undefined> {
  if (mode === 'start' && metricsPort === undefined) return undefined
  return (await import('./telemetry/metrics.ts')).createMetrics({ processMetrics: true })
}

/** Shows metrics on a port of their own, on the same address: Prometheus is on another machine. Goes on until the process ends. */
async function listenForScrapes(metrics: Metrics, { host, metricsPort }: StartSettings): Promise<number | undefined> {
  if (metricsPort === undefined) return undefined
  const httpServer = createNodeServer({ fetch: (request) => metricsPage(metrics, request) })
  return listen(httpServer.unref(), { port: metricsPort, host }, 'COUNTERSIGN_METRICS_PORT')
}

/** Opens folder, database and keys, in this order, each of them made on the first start. What cannot be used is left as it was. */
async function open(
  settings: StartSettings,
  port: number,
  log: Logger,
  metrics: Metrics | undefined,
): Promise<Running> {
  const { dataDir, database, options, mode } = settings
  if (database.kind === 'sqlite') assertUsable(database.path)
  if (options.masterKey === undefined) assertMasterKeyKept(dataDir, database)
  const isInFolder = database.kind === 'sqlite' && dirname(database.path) === dataDir
  if (options.masterKey === undefined || isInFolder) prepareDataFolder(dataDir)
  const masterKey = options.masterKey ?? readOrMakeMasterKey(dataDir)
  const issuer = options.issuer ?? `http://localhost:${port}`
  const store = await openStore(database, {
    migrates: mode === 'dev',
    onWait: (other) => log.warn({ event: 'migration.waits', other }, 'another process is migrating the database'),
  })
  const server = createAuthorizationServer({ ...options, issuer, masterKey, store, log, ...(metrics && { metrics }) })
  try {
    await server.ready()
  } catch (error) {
    await store.close()
    throw error
  }
  return { server, store, issuer }
}

interface Stop {
  readonly hasBegun: boolean
  /** Says what a stop takes from now on. */
  whenAsked(stop: (signal?: NodeJS.Signals) => void): void
}

/**
 * Hears from now on of signals, and of the end of the launcher that started this process. Before there is anything to finish they end it at
 * once: as process 1 of a container it would not even end by itself.
 */
function createStop(): Stop {
  let hasBegun = false
  let act: (signal?: NodeJS.Signals) => void = () => process.exit(0)

  function stop(signal?: NodeJS.Signals): void {
    if (hasBegun && signal === 'SIGINT') process.exit(130)
    if (hasBegun) return
    hasBegun = true
    act(signal)
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  process.once('disconnect', () => stop())
  process.channel?.unref()
  return {
    get hasBegun() {
      return hasBegun
    },
    whenAsked(next) {
      act = next
    },
  }
}

/** Stops whole: no new requests, drain, close. */
function stopWhole(
  httpServer: Server,
  { server, store }: Pick<Running, 'server' | 'store'>,
  { log, leave }: ProcessLog,
  signal?: NodeJS.Signals,
): void {
  log.info({ event: 'server.stopping', signal }, 'stopping')
  server.close()
  setTimeout(() => httpServer.closeAllConnections(), drainTime).unref()
  closeToNewConnections(httpServer, () => void store.close().then(() => leave(0)))
  setTimeout(() => void leave(0), drainTime + 500).unref()
  // A connection whose request is on its way looks idle: give it a moment.
  setInterval(() => httpServer.closeIdleConnections(), 100)
}

/** As `httpServer.close`, which would also close every idle connection at once, those with a request on its way among them. */
function closeToNewConnections(httpServer: Server, onClosed: () => void): void {
  Reflect.apply(NetServer.prototype.close, httpServer, [onClosed])
}

function messageOf(error: unknown): string {
  const isExpected = [ListenError, UnusableDatabaseError, DataFolderError, RestoredDatabaseError].some(
    (kind) => error instanceof kind,
  )
  const message = error instanceof Error ? error.message : String(error)
  return isExpected ? message : `Cannot start: ${message}`
}

function tell(message: string): void {
  process.stderr.write(`${message.trimEnd()}\n`)
}

function fail(message: string, exitCode: 1 | 2): never {
  tell(message)
  process.exit(exitCode)
}

main(process.argv[2]).catch((error: unknown) => fail(messageOf(error), 1))
