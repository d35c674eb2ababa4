// Sends requests that lie ready as bytes, and reads no more of an answer than it must: the server under load, not the client,
// is what keeps requests waiting, and so the server works alike whatever it is asked for.
import { connect, type Socket } from 'node:net'

/** Asks one server over connections that stay open. */
export interface LoadClient {
  /** Sends a request on the connection of that number, which must be idle. @throws Error if the answer is not a 200 */
  ask(connection: number, request: Buffer): Promise<void>
  close(): void
}

/** Makes the bytes of a request with an access token. */
export function encodeRequest(path: string, token: string): Buffer {
  const lines = [`GET ${path} HTTP/1.1`, 'host: 127.0.0.1', 'accept: */*', `authorization: Bearer ${token}`]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

export async function createLoadClient(port: number, connections: number): Promise<LoadClient> {
  const opened = await Promise.all(Array.from({ length: connections }, () => open(port)))
  return {
    ask(connection, request) {
      const exchange = opened[connection]
      if (exchange === undefined) throw new RangeError(`There is no connection ${connection}.`)
      return exchange.ask(request)
    },
    close() {
      for (const { socket } of opened) socket.destroy()
    },
  }
}

interface Connection {
  socket: Socket
  ask(request: Buffer): Promise<void>
}

function open(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let settle: (error?: Error) => void = () => undefined
  socket.on('error', (error) => settle(error))
  socket.on('close', () => settle(new Error('The server closed the connection.')))
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
    if (!isWhole(received)) return
    const status = received.slice(9, 12)
    settle(status === '200' ? undefined : new Error(`The answer was ${status}: ${received.slice(0, 600)}`))
    received = ''
  })
  const ask = (request: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error))
      if (socket.destroyed) reject(new Error('The connection is closed.'))
      socket.write(request)
    })
  return new Promise((resolve, reject) => {
    settle = (error) => reject(error)
    socket.once('connect', () => resolve({ socket, ask }))
  })
}

/** Tells whether an answer with a length is there to its end. */
function isWhole(received: string): boolean {
  const head = received.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, head))?.[1]
  if (length === undefined) throw new Error('An answer has no content-length.')
  return received.length >= head + 4 + Number(length)
}
