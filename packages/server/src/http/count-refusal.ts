/**
 * Counts refusals of what nobody honest sends often: tokens that this server never made, clients that cannot authenticate themselves. Past the
 * limit of its network such a request is told 429, which proxies and firewalls can act on. It is judged first all the same: what is
 * good is never refused for what comes from the same network.
 */
import { tooManyRequests } from '../cache/limits.ts'
import { networkOf } from '../cache/network.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { addressOf } from './client-address.ts'
import type { RequestContext } from './endpoint.ts'

/** Counts what was thrown, if it is to be counted, and answers with what the client is to be told. */
export async function countRefusal({ limits, settings }: Parts, c: RequestContext, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof OAuthError) || thrown.countsAs === undefined) return thrown
  const address = addressOf(c, settings.trustedProxies)
  if (address === null) return thrown
  const wait = await limits.counters[thrown.countsAs].count(limits.nameOf('network', networkOf(address)))
  return wait > 0 ? tooManyRequests(thrown.countsAs, wait) : thrown
}
