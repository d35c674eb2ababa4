// A network that fails on demand: stands before a server, and decides of each request whether it arrives, and of each answer whether and when.
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** A request as the proxy saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
}

/** What happens to a request; nothing in particular without one. */
export type Fault =
  /** It does not arrive. */
  | { readonly kind: 'refuse' }
  /** It arrives, and its answer does not. */
  | { readonly kind: 'lose answer' }
  /** It waits before it is passed on, and is not if its client has hung up by then, as a server would notice. */
  | { readonly kind: 'hold request'; readonly until: Promise<unknown> }
  /** It is passed on, and its answer waits. */
  | { readonly kind: 'hold answer'; readonly until: Promise<unknown> }
  /** Something on the way answers in the server's place. */
  | { readonly kind: 'answer'; readonly reply: Reply }

export interface FaultyProxy {
  readonly port: number
  readonly origin: string
  /** Every request so far. */
  readonly seen: SeenRequest[]
  /** Decides what happens to a request. */
  fault: (request: SeenRequest) => Fault | undefined
  /** How many requests are being answered, without those that are held. */
  readonly busy: number
  /** How many requests are held. */
  readonly holding: number
  /** How many requests to a path there were; those that browsers send ahead of others (CORS) not counted. */
  count(path: string): number
  close(): void
}

/**
 * Starts a proxy on 127.0.0.1.
 * @param upstreamPort asked at each request, as the server may start later
 * @param own answers some requests itself
 */
export async function startFaultyProxy(
  upstreamPort: () => number,
  own: (request: SeenRequest) => Reply | undefined,
): Promise<FaultyProxy> {
  const seen: SeenRequest[] = []

  let open = 0
  let holding = 0

  /** Waits, but no longer than for the client to hang up. */
  async function held(until: Promise<unknown>, socket: Socket): Promise<void> {
    holding += 1
    await Promise.race([until, new Promise((resolve) => void socket.once('close', resolve))])
    holding -= 1
    // A hang-up is on its way for a moment.
    await sleep(5)
  }

  async function answer(request: SeenRequest, socket: Socket): Promise<Reply | undefined> {
    const fault = proxy.fault(request)
    if (fault?.kind === 'refuse') return undefined
    if (fault?.kind === 'hold request') await held(fault.until, socket)
    if (socket.destroyed) return undefined
    const reply = fault?.kind === 'answer' ? fault.reply : (own(request) ?? (await ask(upstreamPort(), request)))
    if (fault?.kind === 'hold answer') await held(fault.until, socket)
    return fault?.kind === 'lose answer' ? undefined : reply
  }

  const server = createServer(async (incoming, response) => {
    open += 1
    const { method = '', url: path = '', headers, socket } = incoming
    const request = { method, path, headers, body: (await buffer(incoming).catch(() => '')).toString() }
    seen.push(request)
    const reply = await answer(request, socket)
    open -= 1
    if (reply === undefined) socket.destroy()
    else response.writeHead(reply.status, reply.headers).end(reply.body)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: FaultyProxy = {
    port,
    origin: `http://localhost:${port}`,
    seen,
    fault: () => undefined,
    get busy() {
      return open - holding
    },
    get holding() {
      return holding
    },
    count: (path) => seen.filter((request) => request.path === path && request.method !== 'OPTIONS').length,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return proxy
}

function ask(port: number, { method, path, headers, body }: SeenRequest): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const request = forward({ host: '127.0.0.1', port, method, path, headers }, async (answer) => {
      const kept = Object.entries(answer.headersDistinct).filter(
        ([name]) => !/^(transfer-encoding|connection|keep-alive|content-length)$/.test(name),
      )
      const body = await buffer(answer)
      resolve({ status: answer.statusCode ?? 502, headers: Object.fromEntries(kept) as Record<string, string[]>, body })
    })
    request.on('error', () => resolve(undefined))
    request.end(body)
  })
}
