// An application behind a proxy, with whom the proxy asks: the authorization server, or a process of its own.
import { startForwardAuth } from '../examples/running-program.ts'
import { type Application, startApplication } from './application.ts'
import { audience, type LiveServer, startLiveServer } from './live-server.ts'
import { startProxy } from './proxy.ts'

export const proxies = ['nginx', 'caddy'] as const
export const deciders = ['the authorization server', 'a process of its own'] as const

export interface ProtectedApplication {
  server: LiveServer
  application: Application
  /** The port of the proxy. */
  port: number
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
      port: proxy.port,
      stopDecider: () => (own ?? server).stop(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
