/** Protects handlers and WebSocket upgrades of node:http. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AccessError } from '../access-error.ts'
import type { AccessTokenClaims, Auth, Decision } from '../auth.ts'
import type { ProtectionOptions } from '../options.ts'
import { createProtection, handleOf, type ProtectionHandle } from '../protection.ts'
import { NodeRequestView } from '../request-view.ts'
import { createRequirementCheck, type Requirements } from '../requirements.ts'

export { AccessError } from '../access-error.ts'
export type { AccessTokenClaims, Auth } from '../auth.ts'

/** A request whose access token was accepted; `auth` is undefined where the token is optional and none came. */
export type ProtectedRequest<Known> = IncomingMessage & { readonly auth: Known }

/** Takes a request of node:http. */
export type Handler<Message = IncomingMessage> = (request: Message, response: ServerResponse) => void

/** Takes an `upgrade` of node:http. */
export type UpgradeListener<Message = IncomingMessage> = (request: Message, socket: Duplex, head: Buffer) => void

/** Protects handlers and upgrades, each with requirements of its own. */
export interface Guard<Known> extends ProtectionHandle {
  /** Makes a handler that answers refused requests itself and calls the given one for the others. */
  (handler: Handler<ProtectedRequest<Known>>, requirements?: Requirements): Handler
  /**
   * Makes a listener for `upgrade` that closes refused connections and calls the given one for the others (RFC 6455 §4.2.2). It closes
   * those too when their token expires or, with a feed, is revoked.
   */
  upgrade(listener: UpgradeListener<ProtectedRequest<Known>>, requirements?: Requirements): UpgradeListener
}

/**
 * Creates a guard for handlers of node:http, which are then called only with a good access token (RFC 6750, RFC 9068 §4).
 *
 * @example
 * const guard = protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
 * createServer(guard((request, response) => response.end(request.auth.claims.sub), { scopes: 'orders:read' }))
 * @throws TypeError that lists every bad option with its mend
 */
export function protect<Claims = AccessTokenClaims>(
  options: ProtectionOptions<Claims> & { readonly optional: true },
): Guard<Auth<Claims> | undefined>
export function protect<Claims = AccessTokenClaims>(options: ProtectionOptions<Claims>): Guard<Auth<Claims>>
export function protect<Claims = AccessTokenClaims>(options: ProtectionOptions<Claims>): Guard<Auth<Claims>> {
  const protection = createProtection(options)

  function guard(handler: Handler<ProtectedRequest<Auth<Claims>>>, requirements?: Requirements): Handler {
    const isMet = requirements && createRequirementCheck(requirements)
    return (request, response) => {
      const settle = (decision: Decision<Claims>): void => {
        if (decision.outcome === 'refused') {
          const { status, headers, body } = decision.error
          // A time-out of the application may have answered while the issuer was asked.
          if (!response.headersSent) response.writeHead(status, headers).end(body)
        } else {
          handler(withAuth(request, decision), response)
        }
      }
      settleWith(protection.decide(new NodeRequestView(request), isMet), settle)
    }
  }

  function upgrade(
    listener: UpgradeListener<ProtectedRequest<Auth<Claims>>>,
    requirements?: Requirements,
  ): UpgradeListener {
    const isMet = requirements && createRequirementCheck(requirements)
    return (request, socket, head) => {
      // Until the listener has the socket, nobody else hears that the other end has hung up.
      socket.on('error', ignore)
      const settle = (decision: Decision<Claims>): void => {
        if (decision.outcome === 'refused') {
          refuseUpgrade(socket, decision.error)
        } else {
          socket.off('error', ignore)
          if (decision.outcome === 'accepted')
            socket.once(
              'close',
              protection.watch(decision.auth, () => socket.destroy()),
            )
          listener(withAuth(request, decision), socket, head)
        }
      }
      settleWith(protection.decide(new NodeRequestView(request), isMet), settle)
    }
  }

  return Object.assign(guard, { upgrade, ...handleOf(protection) })
}

function settleWith<Claims>(
  decision: Decision<Claims> | Promise<Decision<Claims>>,
  settle: (decision: Decision<Claims>) => void,
): void {
  if (decision instanceof Promise) void decision.then(settle)
  else settle(decision)
}

function withAuth<Claims>(
  request: IncomingMessage,
  decision: Exclude<Decision<Claims>, { outcome: 'refused' }>,
): ProtectedRequest<Auth<Claims>> {
  const auth = decision.outcome === 'accepted' ? decision.auth : undefined
  return Object.assign(request, { auth }) as ProtectedRequest<Auth<Claims>>
}

function ignore(): void {}

/** Answers an upgrade in the words of HTTP, since there is no WebSocket yet (RFC 6455 §4.2.2). */
function refuseUpgrade(socket: Duplex, { status, headers, body }: AccessError): void {
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
