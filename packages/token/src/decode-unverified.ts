import { decodeBase64url } from './base64url.ts'
import { parseClaimsJson } from './claims.ts'
import { checkLength, DEFAULT_MAX_TOKEN_LENGTH, decodeSegment } from './compact-jws.ts'
import type { JsonObject } from './json-object.ts'
import { parseHeaderJson } from './protected-header.ts'
import { TokenError } from './token-error.ts'

/** What a JWT says of itself; nobody has vouched for any of it. */
export interface UnverifiedJwt {
  readonly protectedHeader: Readonly<JsonObject>
  readonly claims: Readonly<JsonObject>
  /** The signature, where its segment is base64url; it has not been checked. */
  readonly signature?: Uint8Array
}

const THREE_SEGMENTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(.*)$/s

/**
 * Decodes a JWT without verifying anything, for display and diagnosis (RFC 7519 §7.2 steps 1 to 3).
 *
 * Never decide by the result: anyone can write such a token. The types of the claims are not checked either.
 *
 * @example const { protectedHeader, claims } = decodeUnverified(token)
 * @throws TokenError token_malformed, token_too_large, header_invalid, claims_malformed
 */
export function decodeUnverified(token: string, options: { readonly maxTokenLength?: number } = {}): UnverifiedJwt {
  checkLength(token, options.maxTokenLength ?? DEFAULT_MAX_TOKEN_LENGTH)
  const [, header, payload, signatureSegment] = THREE_SEGMENTS.exec(token) ?? []
  if (header === undefined || payload === undefined || signatureSegment === undefined) {
    throw new TokenError('token_malformed', 'The token is not three segments with a dot between them.')
  }
  const signature = decodeBase64url(signatureSegment)
  return {
    protectedHeader: parseHeaderJson(decodeSegment(header)),
    claims: parseClaimsJson(decodeSegment(payload)),
    ...(signature === undefined ? {} : { signature: new Uint8Array(signature) }),
  }
}
