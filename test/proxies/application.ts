// What stands behind the proxies: an application that knows nothing of tokens and shows which request reached it.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as it reached the application. */
export interface ReachedRequest {
  method: string | undefined
  url: string | undefined
  /** Names in lower case, each with all its values. */
  headers: Record<string, string[]>
  body: string
}

export interface Application {
  readonly port: number
  /** How many requests have reached it. */
  requests(): number
  close(): void
}

/** Starts an application that answers with the request as JSON, and with the same through any upgrade. */
export async function startApplication(): Promise<Application> {
  let requests = 0

  async function describe(incoming: IncomingMessage, body: string): Promise<string> {
    requests += 1
    const { method, url, headersDistinct, trailersDistinct } = incoming
    const reached = { method, url, headers: { ...headersDistinct, ...trailersDistinct }, body }
    return JSON.stringify(reached satisfies Record<keyof ReachedRequest, unknown>)
  }

  const server = createServer(async (incoming, outgoing) => {
    const reached = await describe(incoming, await text(incoming))
    outgoing.setHeader('content-type', 'application/json').end(reached)
  })
  server.on('upgrade', async (incoming, socket) => {
    const { upgrade, 'sec-websocket-key': key } = incoming.headers
    const headers = ['connection: Upgrade', `upgrade: ${upgrade}`, `sec-websocket-accept: ${acceptOf(key)}`]
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('\r\n')}\r\n\r\n`)
    socket.end(await describe(incoming, ''))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What a server has to answer to a key of a WebSocket, or a proxy breaks it off (RFC 6455 §4.2.2). */
function acceptOf(key: string | undefined): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
