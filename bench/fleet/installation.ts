// An installation: one server on SQLite, or some of them on one PostgreSQL, with or without a Redis; and clients that take the servers in turn.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openPostgresStore, openSqliteStore, type RegisteredClient, registerClient } from '@countersign/server'
import type { Cluster } from '../postgres/cluster.ts'
import type { Account, DatabaseProcess, Launch, Requests } from '../server/contender.ts'
import { countersign } from '../server/contenders/countersign.ts'
import { createHttpClient, type HttpClient } from '../server/http-client.ts'
import { startRedis } from '../server/redis.ts'
import { connections } from '../server/round.ts'
import { type ServerProcess, startServer } from '../server/server-process.ts'
import { at } from '../statistics.ts'

/** What an installation is made of. */
export interface Plan {
  readonly name: string
  readonly servers: number
  /** SQLite in the one server, when there is none. */
  readonly postgres?: Cluster
  readonly hasRedis?: boolean
  readonly isObserved?: boolean
  /** Accounts that are registered at the start: so many that each has a few sessions, as people have. @default 500 */
  readonly accounts?: number
  /** Connections to each server. @default 8 */
  readonly connections?: number
}

export interface Installation {
  readonly name: string
  readonly servers: readonly ServerProcess[]
  /** Whose process tree is PostgreSQL. */
  readonly postgres: number | undefined
  readonly redis: number | undefined
  /** Of PostgreSQL. */
  readonly databaseUrl: string | undefined
  /** Requests that are under way at once, at all servers together. */
  readonly connections: number
  readonly requests: Requests
  readonly accounts: readonly Account[]
  /** May introspect and read the revocation feed. */
  readonly confidentialClient: RegisteredClient
  /** The client of the server whose turn it is. */
  client(index: number): HttpClient
  stop(): Promise<void>
}

const issuer = 'http://127.0.0.1:4000'

/** How long a session keeps its refresh token, milliseconds: the shortest there is, so that rounds need not wait a minute. */
export const holdTime = 12_000

/** Starts an installation with accounts. */
export async function startInstallation(plan: Plan, folder: string): Promise<Installation> {
  const place = join(folder, plan.name.replaceAll(/\W+/g, '-'))
  const databaseUrl = await plan.postgres?.createDatabase(`bench_${randomBytes(4).toString('hex')}`)
  const redis = plan.hasRedis === true ? await startRedis(place) : undefined
  const launch = launchOf(plan, databaseUrl, redis)
  const servers: ServerProcess[] = []
  for (let index = 0; index < plan.servers; index++) servers.push(await startServer(launch, join(place, `${index}`)))
  const perServer = plan.connections ?? connections
  const clients = servers.map(({ port }) => createHttpClient(port, perServer))
  const client = (index: number): HttpClient => at(clients, index)
  const accounts = Array.from({ length: plan.accounts ?? 500 }, (_, index) => ({
    email: `user${index}@example.com`,
    password: `a passphrase of user ${index}`,
  }))
  await inParallel(accounts.length, perServer, (index) =>
    countersign.requests.register(client(index), at(accounts, index)),
  )
  return {
    ...{ name: plan.name, servers, databaseUrl, client, accounts, requests: countersign.requests },
    connections: perServer * plan.servers,
    postgres: plan.postgres?.pid,
    redis: redis?.pid,
    confidentialClient: await registerConfidentialClient(databaseUrl, join(place, '0')),
    async stop() {
      for (const one of clients) one.close()
      await Promise.all(servers.map((server) => server.stop()))
      await redis?.stop()
    },
  }
}

function launchOf(plan: Plan, databaseUrl: string | undefined, redis: DatabaseProcess | undefined): Launch {
  return {
    name: plan.name,
    command: countersign.command,
    healthPath: '/readyz',
    isObserved: plan.isObserved ?? false,
    environment: (place) => ({
      ...countersign.environment(place),
      COUNTERSIGN_ISSUER: issuer,
      COUNTERSIGN_LOG_LEVEL: 'info',
      COUNTERSIGN_REFRESH_LEEWAY: '3',
      COUNTERSIGN_REFRESH_TIMEOUT: '1',
      ...(databaseUrl !== undefined && { COUNTERSIGN_DATABASE_URL: databaseUrl }),
      ...(redis !== undefined && { COUNTERSIGN_REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
    }),
  }
}

async function registerConfidentialClient(url: string | undefined, folder: string): Promise<RegisteredClient> {
  const store =
    url === undefined ? openSqliteStore({ path: join(folder, 'countersign.db') }) : openPostgresStore({ url })
  const registration = { name: 'bench', scope: ['tokens:introspect', 'revocations:read'] }
  const registered = await registerClient(store, registration, { actor: 'bench', reason: '' }, randomBytes)
  await store.close()
  if (registered === undefined) throw new Error('The client of the bench could not be registered.')
  return registered
}

/** Does something `count` times, `width` at once, and returns the results in their order. */
export async function inParallel<Result>(
  count: number,
  width: number,
  action: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const workers = Array.from({ length: Math.min(width, count) }, async (_, worker) => {
    for (let index = worker; index < count; index += width) results[index] = await action(index)
  })
  await Promise.all(workers)
  return results
}
