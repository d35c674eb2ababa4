/**
 * Owns the compact serialization: three base64url segments and two dots, nothing around them, no more than so many
 * characters (RFC 7515 §7.1). Only what is needed to find the key is read here; the payload stays closed until its
 * signature holds.
 */
import type { Algorithm } from './algorithm.ts'
import { decodeBase64url } from './base64url.ts'
import type { Key } from './key.ts'
import { type ProtectedHeader, parseProtectedHeader } from './protected-header.ts'
import { isSignatureValid } from './signature.ts'
import { TokenError } from './token-error.ts'

/** The longest token that is looked at unless an option says otherwise, in characters. */
export const DEFAULT_MAX_TOKEN_LENGTH = 8192

/** What a token must be before a key is looked for. */
export interface CompactJwsRules {
  readonly algorithms: readonly Algorithm[]
  readonly maxTokenLength: number
}

/** A compact JWS that has been taken apart but not verified. */
export interface UnverifiedJws {
  readonly protectedHeader: ProtectedHeader
  /** The payload, still in base64url. */
  readonly payloadSegment: string
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
}

const THREE_SEGMENTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)$/

/**
 * Parses a compact JWS up to its protected header (RFC 7515 §5.2 steps 1 to 4).
 *
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed
 */
export function parseCompactJws(token: unknown, rules: CompactJwsRules): UnverifiedJws {
  checkLength(token, rules.maxTokenLength)
  const [, header, payloadSegment, signature] = THREE_SEGMENTS.exec(token) ?? []
  if (header === undefined || payloadSegment === undefined || signature === undefined) {
    throw new TokenError('token_malformed', 'The token is not three base64url segments with a dot between them.')
  }
  return {
    protectedHeader: parseProtectedHeader(decodeSegment(header), rules.algorithms),
    payloadSegment,
    signingInput: Buffer.from(token.slice(0, token.length - signature.length - 1), 'latin1'),
    signature: decodeSegment(signature),
  }
}

/**
 * Checks that a token is a string within the limit, before anything else is done with it.
 *
 * @throws TokenError token_malformed, token_too_large
 */
export function checkLength(token: unknown, maxTokenLength: number): asserts token is string {
  if (typeof token !== 'string') throw new TokenError('token_malformed', 'The token is not a string.')
  if (token.length > maxTokenLength) {
    throw new TokenError('token_too_large', `The token is longer than ${maxTokenLength} characters.`)
  }
}

/** Decodes a segment of a token (RFC 7515 §5.2 steps 2, 6 and 7). @throws TokenError token_malformed */
export function decodeSegment(segment: string): Buffer {
  const bytes = decodeBase64url(segment)
  if (bytes === undefined)
    throw new TokenError('token_malformed', 'A segment of the token is not base64url in its one spelling.')
  return bytes
}

/** Finds the one of some keys that made the signature (RFC 7515 §5.2 step 8). @throws TokenError signature_invalid */
export function findSigningKey(jws: UnverifiedJws, candidates: readonly Key[]): Key {
  for (const key of candidates) {
    if (isSignatureValid(key, jws.signingInput, jws.signature)) return key
  }
  throw new TokenError('signature_invalid', 'The signature of the token does not hold.')
}
