// What stands behind the proxies: an application that knows nothing of tokens and shows which request reached it.
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
    const { upgrade } = incoming.headers
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${upgrade}\r\n\r\n`)
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
