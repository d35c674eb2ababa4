/**
 * Who calls an endpoint of OAuth: a client with its secret, in the Authorization header or in the form, never in both (RFC 6749
 * §2.3.1). Every refusal is `invalid_client`, whether the client is unknown, disabled or has sent another secret; an unknown one costs
 * the same comparison.
 */
import { timingSafeEqual } from 'node:crypto'
import type { RequestContext } from '../http/endpoint.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import type { Client } from '../store/client-store.ts'
import { hashClientSecret } from './client-secret.ts'

/** Whoever has the right secret is never refused for what comes from the same network: the others are counted after they were judged. */
const countsAs = 'clientPerNetwork'

/** RFC 6749 §A.1. */
const clientId = /^[\x20-\x7e]+$/

interface Credentials {
  readonly id: string
  readonly secret: string
}

/** Authenticates the client of a request. @throws OAuthError `invalid_client`, `invalid_request` */
export async function authenticateClient(
  { store }: Parts,
  c: RequestContext,
  form: Readonly<Record<string, string>>,
): Promise<Client> {
  const { id, secret } = readCredentials(c, form)
  const client = clientId.test(id) ? await store.findClient(id) : undefined
  const isRight = timingSafeEqual(hashClientSecret(secret), client?.secretHash ?? new Uint8Array(32))
  if (client === undefined || !isRight || client.disabledAt !== null)
    throw new OAuthError('invalid_client', { reason: 'unknown or disabled client, or a wrong secret', countsAs })
  return client
}

function readCredentials(c: RequestContext, form: Readonly<Record<string, string>>): Credentials {
  const header = readBasic(c.req.header('authorization'))
  const { client_id: id, client_secret: secret } = form
  if (header === undefined) {
    if (id === undefined || secret === undefined)
      throw new OAuthError('invalid_client', { reason: 'no client has authenticated itself', countsAs })
    return { id, secret }
  }
  if (secret !== undefined || (id !== undefined && id !== header.id)) {
    const members = [{ member: 'client_secret', detail: 'must not be sent together with an Authorization header' }]
    throw new OAuthError('invalid_request', { reason: 'two ways of client authentication', members })
  }
  return header
}

/** Reads HTTP Basic, whose parts are form-encoded first (RFC 6749 §2.3.1). */
function readBasic(authorization: string | undefined): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) throw new OAuthError('invalid_client', { reason: 'malformed Basic credentials', countsAs })
  return { id: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) }
}

function decodeForm(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
}
