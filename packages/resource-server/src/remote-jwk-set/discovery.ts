/**
 * Owns the way from an issuer to its JWK Set: the metadata of the authorization server, or of the OpenID provider, whose
 * `issuer` is the one that was configured, to the letter (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 */
import { DocumentError, fetchJson } from './fetch-json.ts'
import { isFetchable } from './issuer-url.ts'

/** How documents are fetched. */
export interface Fetching {
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
}

/**
 * Finds the URL of the JWK Set of an issuer.
 *
 * @throws DocumentError if neither metadata document can be had, is that of the issuer, and names a URL that may be fetched
 */
export async function discoverJwksUri(issuer: string, allowInsecureHttp: boolean, fetching: Fetching): Promise<string> {
  const failures: string[] = []
  for (const uri of metadataUris(issuer)) {
    try {
      const document = await fetchJson(uri, fetching)
      return readJwksUri(uri, document.changed ? document.value : undefined, issuer, allowInsecureHttp)
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error
      failures.push(error.message)
      // The other document is on the same server, which cannot be reached or has used up the time.
      if (error.status === undefined && error.cause !== undefined) break
    }
  }
  throw new DocumentError(`the issuer's metadata cannot be had: ${failures.join('; ')}`)
}

/** The two well-known places: in front of the issuer's path, and behind it (RFC 8414 §3.1, Discovery 1.0 §4). */
export function metadataUris(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
}

function readJwksUri(uri: string, metadata: unknown, issuer: string, allowInsecureHttp: boolean): string {
  const { issuer: stated, jwks_uri: jwksUri } = toObject(metadata)
  if (stated !== issuer)
    throw new DocumentError(`${uri} is the metadata of another issuer than ${JSON.stringify(issuer)}`, { status: 200 })
  if (typeof jwksUri !== 'string' || !isFetchable(jwksUri, allowInsecureHttp))
    throw new DocumentError(`${uri} names no jwks_uri with https`, { status: 200 })
  return jwksUri
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
