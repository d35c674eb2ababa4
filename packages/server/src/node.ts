/**
 * Runs the server on node:http, alone or inside an application that already has a server: Express, Connect or plain Node.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { refusalResponse } from './http/problem.ts'
import { securityHeaders } from './http/security-headers.ts'
import { OAuthError } from './oauth/oauth-error.ts'
import type { AuthorizationServer } from './server.ts'

/** A request listener that is Express and Connect middleware as well. */
export type NodeHandler = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Turns the server into middleware. Mount it anywhere: the whole path counts, which Express keeps in `originalUrl`. Requests for
 * other paths go on to `next`. It works before and after a body parser.
 *
 * @example
 * app.use(toNodeHandler(server))
 */
export function toNodeHandler(server: AuthorizationServer): NodeHandler {
  const listener = createListener(server, false)
  return (incoming, outgoing, next) => {
    handle(incoming, outgoing, next).catch(next ?? (() => outgoing.destroy()))
  }

  async function handle(...[incoming, outgoing, next]: Parameters<NodeHandler>): Promise<void> {
    const url = ('originalUrl' in incoming ? String(incoming.originalUrl) : incoming.url) ?? '/'
    if (next !== undefined && !server.answers(url.split('?')[0] ?? '/')) return next()
    incoming.url = url
    restoreBody(incoming)
    await listener(incoming, outgoing)
  }
}

/** Makes a node:http server that answers nothing else: bounded headers and time, and a problem even for what is no HTTP. */
export function createNodeServer(server: Pick<AuthorizationServer, 'fetch'>): Server {
  const listener = createListener(server, true)
  const limits = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 20_000,
    keepAliveTimeout: 65_000,
    requireHostHeader: false,
  }
  const httpServer = createServer({ ...limits, connectionsCheckingInterval: 1000 }, listener)
  httpServer.on('checkExpectation', listener)
  return httpServer.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseConnection(error, socket))
}

function createListener(server: Pick<AuthorizationServer, 'fetch'>, overrideGlobalObjects: boolean) {
  return getRequestListener((request, env) => server.fetch(request, { incoming: env.incoming }), {
    overrideGlobalObjects,
    errorHandler: () => connectionRefusal('invalid_request', 'no valid Host or path'),
  })
}

/** A refusal before there is a request that the server could be asked about. */
function connectionRefusal(code: 'invalid_request' | 'headers_too_large', reason: string): Response {
  const refusal = refusalResponse(new OAuthError(code, { reason }), '', '')
  for (const [name, value] of Object.entries(securityHeaders(''))) refusal.headers.set(name, value)
  refusal.headers.set('connection', 'close')
  return refusal
}

/** A body parser that ran first has emptied the stream: gives what it read back as bytes. */
function restoreBody(incoming: IncomingMessage & { body?: unknown; rawBody?: unknown }): void {
  if (!incoming.readableEnded || incoming.body === undefined || incoming.rawBody instanceof Buffer) return
  const { body, headers } = incoming
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (Buffer.isBuffer(body)) incoming.rawBody = body
  else if (typeof body === 'string') incoming.rawBody = Buffer.from(body)
  else incoming.rawBody = Buffer.from(isForm ? writeForm(body) : JSON.stringify(body))
}

/** A parser makes a list of what was sent twice: it must be seen to be refused. */
function writeForm(body: unknown): string {
  const form = new URLSearchParams()
  for (const [name, values] of Object.entries(Object(body)))
    for (const value of [values].flat()) form.append(name, String(value))
  return form.toString()
}

/** Answers what Node's parser refuses before there is a request (RFC 9110 §15.5, RFC 6585 §5). */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const overflow = error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = connectionRefusal(overflow ? 'headers_too_large' : 'invalid_request', error.code ?? 'no HTTP')
  void refusal.text().then((body) => {
    refusal.headers.set('content-length', String(Buffer.byteLength(body)))
    const lines = [...refusal.headers].map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`)
  })
}
