/** Whether the client is still there to receive an answer. */
import { setImmediate as turn } from 'node:timers/promises'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { RequestContext } from './endpoint.ts'

/**
 * Turns of the event loop after which a hang-up that lies in the socket behind the request has been read and told: the rest of
 * the request, the end of the stream, the closing of the socket.
 */
const turns = 3

/**
 * Yields until what the network has to say has been read, and refuses to go on for a client that has hung up. A process that
 * was stopped and goes on finds request and hang-up in its socket together.
 * @throws OAuthError `temporarily_unavailable`, which nobody will read.
 */
export async function assertConnected(c: RequestContext): Promise<void> {
  const { signal } = c.req.raw
  const socket = c.env.incoming?.socket
  for (let count = 0; count < turns; count++) await turn()
  if (signal.aborted || socket?.destroyed || socket?.readableEnded) {
    throw new OAuthError('temporarily_unavailable', { reason: 'the client has hung up', retryAfter: 1 })
  }
}
