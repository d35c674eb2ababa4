/** Owns the taking apart of a JWT that nobody vouches for: what it says of itself, and no check of it (RFC 7519 §7.2). */
import { decodeBase64url } from './base64url.ts'
import { parseClaimsJson } from './claims.ts'
import { checkLength, DEFAULT_MAX_TOKEN_LENGTH, decodeInto, refuseForm, type TokenWriter } from './compact-jws.ts'
import type { JsonObject } from './json-object.ts'
import { parseHeaderJson } from './protected-header.ts'

/** What a JWT says of itself; nobody has vouched for any of it. */
export interface UnverifiedJwt {
  readonly protectedHeader: Readonly<JsonObject>
  readonly claims: Readonly<JsonObject>
  /** The signature, where its segment is base64url; it has not been checked. */
  readonly signature?: Uint8Array
}

/** What `decodeUnverified` is told. */
export interface DecodeUnverifiedOptions {
  /**
   * The longest token that is looked at, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number
}

const THREE_SEGMENTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.(.*)$/s

/** Takes a JWT apart. @throws TokenError token_malformed, token_too_large, header_invalid, claims_malformed */
export function readUnverified(token: string, options: DecodeUnverifiedOptions, write: TokenWriter): UnverifiedJwt {
  checkLength(token, options.maxTokenLength ?? DEFAULT_MAX_TOKEN_LENGTH)
  const [, header, payload, signatureSegment] = THREE_SEGMENTS.exec(token) ?? []
  if (header === undefined || payload === undefined || signatureSegment === undefined) return refuseForm()
  // Without the signature, which may be anything.
  const input = token.slice(0, header.length + 1 + payload.length)
  const bytes = write(input) ?? refuseForm()
  const endOfHeader = decodeInto(bytes, input.length, 0, header.length)
  const endOfPayload = decodeInto(bytes, endOfHeader, header.length + 1, input.length)
  const signature = decodeBase64url(signatureSegment)
  return {
    protectedHeader: parseHeaderJson(bytes.subarray(input.length, endOfHeader)),
    claims: parseClaimsJson(bytes.subarray(endOfHeader, endOfPayload)),
    ...(signature === undefined ? {} : { signature: new Uint8Array(signature) }),
  }
}
