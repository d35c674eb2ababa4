/**
 * The connection on which everything is read that is over in a moment. Questions do not wait for each other's answers (pipelining): those
 * of one turn of the event loop leave together, and the database, awake already, answers them one after the other. To wake it for each costs
 * more than the reading. Whatever may wait for a lock of others or for the disk must not stand in this queue.
 */
import { Client, type ClientConfig, type QueryConfig, type QueryResultRow } from 'pg'

export interface ReadingConnection {
  /** Asks one question after the other, nothing in between, and answers with the rows of the last. @throws what pg throws; the next question connects anew */
  ask<Row extends QueryResultRow>(...questions: readonly QueryConfig[]): Promise<Row[]>
  isOpen(): boolean
  /** How many wait for an answer. */
  waiting(): number
  close(): Promise<void>
}

/** It is closed when nobody has asked for so long, milliseconds; a pool does the same. */
const idleLifetime = 10_000

/** Makes the connection at the first question, and whenever there is none. */
export function openReadingConnection(config: ClientConfig): ReadingConnection {
  let present: Promise<Client> | undefined
  let waiting = 0
  const idle = setTimeout(end, idleLifetime).unref()

  function connect(): Promise<Client> {
    const client = new Client({ ...config, pipeline: true })
    const connecting = client.connect().then(() => client)
    const forget = () => {
      if (present === connecting) present = undefined
    }
    // Whoever waits for an answer is told; without a listener it would end the process as well.
    client.on('error', forget)
    connecting.catch(forget)
    return connecting
  }

  async function ask<Row extends QueryResultRow>(...questions: readonly QueryConfig[]): Promise<Row[]> {
    waiting += 1
    try {
      present ??= connect()
      const client = await present
      leaveTogether(client)
      const answers = await Promise.all(questions.map((question) => client.query<Row>(question)))
      return answers.at(-1)?.rows ?? []
    } finally {
      waiting -= 1
      idle.refresh()
    }
  }

  /** What was asked before is answered first. */
  async function end(): Promise<void> {
    const ending = present
    present = undefined
    const client = await ending?.catch(() => undefined)
    await client?.end()
  }

  return {
    ask,
    isOpen: () => present !== undefined,
    waiting: () => waiting,
    close: end,
  }
}

/** Keeps what is written until this turn of the event loop is over. */
function leaveTogether({ connection: { stream } }: Client): void {
  stream.cork()
  setImmediate(() => stream.uncork())
}
