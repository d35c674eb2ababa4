// An application behind a proxy, with whom the proxy asks: the authorization server, or a process of its own.
import { startForwardAuth } from '../examples/running-program.ts'
import { type Application, startApplication } from './application.ts'
import { audience, type LiveServer, type SignedIn, startLiveServer } from './live-server.ts'
import { startProxy } from './proxy.ts'
import { type RawAnswer, type RawRequest, send } from './raw-request.ts'

export const proxies = ['nginx', 'caddy'] as const
export const deciders = ['the authorization server', 'a process of its own'] as const

export interface ProtectedApplication {
  server: LiveServer
  application: Application
  /** Sends a request through the proxy. */
  send(request: Omit<RawRequest, 'port'>): Promise<RawAnswer>
  /** Ends whom the proxy asks. */
  stopDecider(): Promise<void>
  stop(): Promise<void>
}

/** Starts an application, a proxy in front of it, and whom that asks. */
export async function protectApplication(
  proxyName: (typeof proxies)[number],
  decider: (typeof deciders)[number],
  settings: Record<string, string> = {},
): Promise<ProtectedApplication> {
  const running: { stop(): Promise<void> }[] = []
  const stop = async () => {
    for (const program of running.splice(0).reverse()) await program.stop()
  }
  try {
    const server = await startLiveServer()
    running.push(server)
    const application = await startApplication()
    running.push({ stop: async () => application.close() })
    const issuer = { COUNTERSIGN_ISSUER: server.issuer, COUNTERSIGN_AUDIENCE: audience }
    const own = decider === 'a process of its own' ? await startForwardAuth({ ...issuer, ...settings }) : undefined
    if (own !== undefined) running.push(own)
    const proxy = await startProxy(proxyName, {
      '127.0.0.1:4000': new URL(own?.url ?? server.issuer).host,
      '127.0.0.1:3000': `127.0.0.1:${application.port}`,
    })
    running.push(proxy)
    return {
      server,
      application,
      send: (request) => send({ ...request, port: proxy.port }),
      stopDecider: () => (own ?? server).stop(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The header by which a user sends a token. */
export function bearer({ accessToken }: Pick<SignedIn, 'accessToken'>): [string, string] {
  return ['Authorization', `Bearer ${accessToken}`]
}
