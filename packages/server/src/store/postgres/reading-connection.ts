/**
 * The connection on which everything is read that is over in a moment. Questions do not wait for each other's answers (pipelining): those
 * of one turn of the event loop leave in one piece, and the database, which is awake already, answers one after the other. Waking it for each
 * costs more than the reading. Whoever may wait for a lock or a disk must not stand in this queue.
 */
import { Client, type ClientConfig, type QueryConfig, type QueryResultRow } from 'pg'

export interface ReadingConnection {
  /** Asks in turn, and gets the rows of the last question. @throws what pg throws; it connects anew at the next question */
  ask<Row extends QueryResultRow>(...questions: readonly QueryConfig[]): Promise<Row[]>
  /** Connections that are open, and those of them that nobody waits for. */
  count(): { readonly total: 0 | 1; readonly idle: 0 | 1 }
  close(): Promise<void>
}

/** It is given up when nobody has asked for so long, milliseconds; as a pool does. */
const idleLifetime = 10_000

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
    // Without a listener a connection that breaks would end the process; who waits for it is told.
    client.on('error', forget)
    connecting.catch(forget)
    return connecting
  }

  async function ask<Row extends QueryResultRow>(...questions: readonly QueryConfig[]): Promise<Row[]> {
    waiting += 1
    try {
      present ??= connect()
      const client = await present
      holdUntilTurnEnds(client.connection.stream)
      const answers = await Promise.all(questions.map((question) => client.query<Row>(question)))
      return answers.at(-1)?.rows ?? []
    } finally {
      waiting -= 1
      idle.refresh()
    }
  }

  async function end(): Promise<void> {
    const ending = present
    present = undefined
    const client = await ending?.catch(() => undefined)
    await client?.end()
  }

  const total = () => (present === undefined ? 0 : 1)
  return {
    ask,
    count: () => ({ total: total(), idle: waiting === 0 ? total() : 0 }),
    async close() {
      clearTimeout(idle)
      await end()
    },
  }
}

const held = new WeakSet<object>()

/** Keeps what is written until the end of this turn of the event loop. */
function holdUntilTurnEnds(stream: { cork(): void; uncork(): void }): void {
  if (held.has(stream)) return
  held.add(stream)
  stream.cork()
  setImmediate(() => {
    held.delete(stream)
    stream.uncork()
  })
}
