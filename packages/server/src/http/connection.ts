/** Whether the client is still there to receive an answer. */
import { setImmediate as turn } from 'node:timers/promises'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { RequestContext } from './endpoint.ts'

/**
 * Yields until what the network has to say has been read, and refuses to go on for a client that has hung up. A process that
 * was stopped and goes on finds request and hang-up in its socket together; the second turn reads the hang-up.
 * @throws OAuthError `temporarily_unavailable`, which nobody will read.
 */
export async function assertConnected(c: RequestContext): Promise<void> {
  const { signal } = c.req.raw
  await turn()
  await turn()
  if (signal.aborted) throw new OAuthError('temporarily_unavailable', { reason: 'the client has hung up', retryAfter: 1 })
}
