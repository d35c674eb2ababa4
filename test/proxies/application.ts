// What stands behind the proxies: an application that knows nothing of tokens and shows which headers reached it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Application {
  readonly port: number
  close(): void
}

/** Starts an application that answers with the headers of the request, as JSON. */
export async function startApplication(): Promise<Application> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ url: request.url, ...request.headers }))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
