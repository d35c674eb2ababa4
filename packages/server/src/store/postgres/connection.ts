/**
 * One connection for what a command does to a database. Nothing waits for ever on a database that is silent: a question that is not
 * answered in time ends the connection, and a dead one is noticed by TCP, on both sides. Whatever becomes of it is one error, with one sentence.
 */
import { Client, DatabaseError, type QueryResult } from 'pg'
import { pinSettings } from './database.ts'

export interface Connection {
  /** Runs what takes a moment. @throws Error that says what has become of the connection, or DatabaseError */
  ask(sql: string, values?: readonly unknown[]): Promise<QueryResult<Record<string, unknown>>>
  /** Runs what takes as long as it takes, while the other side can be reached. @throws as `ask` */
  run(sql: string): Promise<void>
}

interface ConnectionOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** How `pg_stat_activity` names it. */
  readonly name: string
  /** How long a question may wait for its answer, milliseconds. @default 10000 */
  readonly patience?: number
}

/** After so long without a word, milliseconds, TCP asks the other side whether it is there. */
const keepAliveDelay = 10_000

/** So that the database lets go of what a dead command held; without it, after two hours. */
const keepAliveOfDatabase = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

/** Runs some work on a connection of its own. @throws what the work throws, or Error that says what has become of the connection */
export async function withConnection<Result>(
  { url, name, patience = 10_000 }: ConnectionOptions,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const client = new Client({
    connectionString: pinSettings(url, keepAliveOfDatabase),
    connectionTimeoutMillis: patience,
    application_name: name,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelay,
  })
  let broken: Error | undefined
  // Without a listener a connection that breaks would end the process.
  client.on('error', (error) => {
    broken ??= error
  })

  const fail = (error: unknown): never => {
    throw describeFailure(broken ?? error, patience)
  }

  async function ask(sql: string, values: readonly unknown[] = []): Promise<QueryResult<Record<string, unknown>>> {
    const timer = setTimeout(() => client.connection.stream.destroy(new SilentDatabaseError(patience)), patience)
    try {
      return await (values.length === 0 ? client.query(sql) : client.query(sql, [...values])).catch(fail)
    } finally {
      clearTimeout(timer)
    }
  }

  try {
    await client.connect().catch(fail)
    return await work({ ask, run: async (sql) => void (await client.query(sql).catch(fail)) })
  } finally {
    await end(client)
  }
}

/** No answer came in time. */
class SilentDatabaseError extends Error {
  override readonly name = 'SilentDatabaseError'

  constructor(patience: number) {
    super(`PostgreSQL has not answered within ${patience / 1000} seconds`)
  }
}

/** Says goodbye, for a moment: the other side may be silent. An open transaction ends with its connection. */
async function end(client: Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), 1000)
  await client.end()
  clearTimeout(timer)
}

/** What pg says when `connectionTimeoutMillis` is over. */
const connectionTimeOut = 'timeout expired'

function describeFailure(error: unknown, patience: number): unknown {
  if (error instanceof SilentDatabaseError || !(error instanceof Error)) return error
  if (error.message === connectionTimeOut) return new SilentDatabaseError(patience)
  const isOver = error instanceof DatabaseError && error.severity === 'FATAL'
  if (isOver || /^Connection terminated|^read E|^write E/.test(error.message))
    return new Error(`the connection to PostgreSQL broke (${error.message})`, { cause: error })
  // One of each address of a name, without a message of its own.
  if (error instanceof AggregateError && error.message === '')
    return new Error(error.errors.map(({ message }) => message).join(', '), { cause: error })
  return error
}
