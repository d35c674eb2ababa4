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
import { pino } from 'pino'
import { assertMasterKeyKept, DataFolderError, prepareDataFolder, readOrMakeMasterKey } from './data-folder.ts'
import { type RunMode, readEnvironment, resolveEnvironment, type StartSettings } from './environment.ts'
import { createNodeServer } from './node.ts'
import { readyBlock } from './ready-block.ts'
import { RestoredDatabaseError } from './revocation/feed.ts'
import { type AuthorizationServer, createAuthorizationServer } from './server.ts'
import { SettingsError } from './settings-error.ts'
import { openStore } from './store/database-location.ts'
import { assertUsable, UnusableDatabaseError } from './store/sqlite/migrations.ts'
import type { Store } from './store/store.ts'

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
  process.stdout.on('error', () => {})
  const launcherGone = new Promise<void>((resolve) => process.once('disconnect', resolve))
  process.channel?.unref()
  const settings = await readSettings(mode)
  const log = openLog(mode, settings.logLevel)
  for (const warning of settings.warnings) log.warn(warning)

  let begin: (running: Promise<Running>) => void = () => {}
  const running = new Promise<Running>((resolve) => {
    begin = resolve
  })
  const httpServer = createNodeServer({ fetch: async (request, env) => (await running).server.fetch(request, env) })
  const port = await listen(httpServer, settings)
  begin(open(settings, port, log))

  try {
    const { server, store, issuer } = await running
    stopOnSignal(httpServer, { server, store }, log, launcherGone)
    if (mode === 'dev')
      process.stdout.write(
        readyBlock(
          {
            issuer,
            listening: `http://${isIPv6(settings.host) ? `[${settings.host}]` : settings.host}:${port}`,
            ...settings,
          },
          randomBytes(4).toString('hex'),
          randomBytes(12).toString('base64url'),
        ),
      )
    else log.info({ issuer, host: settings.host, port }, 'ready')
  } catch (error) {
    httpServer.close()
    throw error
  }
}

/** A reader that does not read must not stop the server: lines wait in a megabyte of memory, and are dropped past that. */
function openLog(mode: RunMode, level: string): pino.Logger {
  return pino({ level }, pino.destination({ dest: mode === 'dev' ? 2 : 1, sync: false, maxLength: 1 << 20 }))
}

async function readSettings(mode: RunMode): Promise<StartSettings> {
  try {
    return readEnvironment(await resolveEnvironment(process.env), mode)
  } catch (error) {
    return error instanceof SettingsError ? fail(error.message, error.isTransient ? 1 : 2) : fail(String(error), 1)
  }
}

function listen(httpServer: Server, { port, host }: StartSettings): Promise<number> {
  return new Promise((resolve) => {
    httpServer.once('error', (error: NodeJS.ErrnoException) => fail(listenProblem(error, port, host), 1))
    httpServer.listen(port, host, () => resolve((httpServer.address() as AddressInfo).port))
  })
}

function listenProblem(error: NodeJS.ErrnoException, port: number, host: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is used by another program. Stop that program, or set PORT to another number.`
    case 'EACCES':
      return `Port ${port} on ${host} needs rights that this user lacks. Set PORT to a number above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${host}, which is no address of this machine. Set HOST to one that is, such as 127.0.0.1.`
    default:
      return `Cannot listen on ${host}, port ${port}: ${error.message}`
  }
}

/** Opens folder, database and keys, in this order, each of them made on the first start. What cannot be used is left as it was. */
async function open(settings: StartSettings, port: number, log: pino.Logger): Promise<Running> {
  const { dataDir, database, options, mode } = settings
  if (database.kind === 'sqlite') assertUsable(database.path)
  if (options.masterKey === undefined) assertMasterKeyKept(dataDir, database)
  const isInFolder = database.kind === 'sqlite' && dirname(database.path) === dataDir
  if (options.masterKey === undefined || isInFolder) prepareDataFolder(dataDir)
  const masterKey = options.masterKey ?? readOrMakeMasterKey(dataDir)
  const issuer = options.issuer ?? `http://localhost:${port}`
  const store = await openStore(database, { migrates: mode === 'dev' })
  const server = createAuthorizationServer({ ...options, issuer, masterKey, store, log })
  try {
    await server.ready()
  } catch (error) {
    await store.close()
    throw error
  }
  return { server, store, issuer }
}

/** Stops whole on a signal, or when the launcher that started this process is gone: no new requests, drain, close. */
function stopOnSignal(
  httpServer: Server,
  { server, store }: Pick<Running, 'server' | 'store'>,
  log: pino.Logger,
  launcherGone: Promise<void>,
): void {
  let stopping = false
  function stop(signal?: NodeJS.Signals): void {
    if (stopping && signal === 'SIGINT') process.exit(130)
    if (stopping) return
    stopping = true
    server.close()
    setTimeout(() => httpServer.closeAllConnections(), drainTime).unref()
    closeToNewConnections(httpServer, () => void store.close().then(() => log.flush(() => process.exit(0))))
    setTimeout(() => process.exit(0), drainTime + 1000).unref()
    // A connection whose request is on its way looks idle: give it a moment.
    setInterval(() => httpServer.closeIdleConnections(), 100)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  void launcherGone.then(() => stop())
}

/** As `httpServer.close`, which would also close every idle connection at once, those with a request on its way among them. */
function closeToNewConnections(httpServer: Server, onClosed: () => void): void {
  Reflect.apply(NetServer.prototype.close, httpServer, [onClosed])
}

function fail(message: string, exitCode: 1 | 2): never {
  process.stderr.write(`${message.trimEnd()}\n`)
  process.exit(exitCode)
}

main(process.argv[2]).catch((error: unknown) => {
  const expected =
    error instanceof UnusableDatabaseError || error instanceof DataFolderError || error instanceof RestoredDatabaseError
  fail(expected ? error.message : `Cannot start: ${error instanceof Error ? error.message : error}`, 1)
})
