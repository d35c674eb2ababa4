/**
 * Owns the compact serialization: three base64url segments and two dots, nothing around them, no more than so many
 * characters (RFC 7515 §7.1). Only what is needed to find the key is read here; the payload is not looked into until
 * its signature holds.
 */
import type { Algorithm } from './algorithm.ts'
import { decodeBase64url, decodeBase64urlInto } from './base64url.ts'
import type { Key } from './key.ts'
import { checkType, type ProtectedHeader, parseProtectedHeader } from './protected-header.ts'
import type { ProvenHeaders } from './proven-headers.ts'
import { getScratch, SCRATCH_TOKEN_LENGTH } from './scratch.ts'
import { isSignatureValid } from './signature.ts'
import { isSignatureValidInPool } from './thread-pool-signature.ts'
import { TokenError } from './token-error.ts'

/** The longest token that is looked at unless an option says otherwise, in characters. */
export const DEFAULT_MAX_TOKEN_LENGTH: number = SCRATCH_TOKEN_LENGTH

/** What a token must be before a key is looked for. */
export interface CompactJwsRules {
  readonly algorithms: readonly Algorithm[]
  readonly maxTokenLength: number
  readonly typ?: string | undefined
}

/** A compact JWS that has been taken apart but not verified. */
export interface UnverifiedJws {
  readonly protectedHeader: ProtectedHeader
  readonly payload: Uint8Array
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Opens a compact JWS up to its protected header (RFC 7515 §5.2 steps 1 to 4, 6 and 7). The header is one of `proven`,
 * or is parsed and must fit the rules.
 *
 * The bytes are views of the scratch buffer: use them up before anything else runs, or call `parseCompactJws`.
 *
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed,
 * type_mismatch
 */
export function openCompactJws(token: unknown, rules: CompactJwsRules, proven?: ProvenHeaders): UnverifiedJws {
  checkLength(token, rules.maxTokenLength)
  const known = proven?.find(token)
  const headerEnd = known === undefined ? token.indexOf('.') : known.prefix.length - 1
  const payloadEnd = token.indexOf('.', headerEnd + 1)
  const scratch = getScratch(token.length)
  // As UTF-8, so that a character which is not ASCII shows in the length, and none is bent into another.
  if (headerEnd < 1 || payloadEnd === -1 || scratch.write(token, 0, 'utf8') !== token.length) {
    throw new TokenError('token_malformed', 'The token is not three segments of ASCII with a dot between them.')
  }
  const endOfPayload = decodeInto(scratch, token.length, headerEnd + 1, payloadEnd)
  const endOfSignature = decodeInto(scratch, endOfPayload, payloadEnd + 1, token.length)
  return {
    protectedHeader: known?.protectedHeader ?? parseHeader(token.slice(0, headerEnd), rules),
    payload: scratch.subarray(token.length, endOfPayload),
    signingInput: scratch.subarray(0, payloadEnd),
    signature: scratch.subarray(endOfPayload, endOfSignature),
  }
}

/**
 * Parses a compact JWS up to its protected header, into bytes of its own, which may wait for a key (RFC 7515 §5.2).
 *
 * @throws TokenError with the codes of `openCompactJws`
 */
export function parseCompactJws(token: unknown, rules: CompactJwsRules, proven?: ProvenHeaders): UnverifiedJws {
  const jws = openCompactJws(token, rules, proven)
  return {
    ...jws,
    payload: new Uint8Array(jws.payload),
    signingInput: new Uint8Array(jws.signingInput),
    signature: new Uint8Array(jws.signature),
  }
}

function parseHeader(segment: string, rules: CompactJwsRules): ProtectedHeader {
  const protectedHeader = parseProtectedHeader(decodeSegment(segment), rules.algorithms)
  checkType(protectedHeader.typ, rules.typ)
  return protectedHeader
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
  return decodeBase64url(segment) ?? refuseSegment()
}

/** Decodes a segment within the scratch buffer, to another place there; returns the offset after it. */
function decodeInto(scratch: Buffer, offset: number, start: number, end: number): number {
  const decodedEnd = decodeBase64urlInto(scratch, offset, scratch, start, end)
  return decodedEnd === -1 ? refuseSegment() : decodedEnd
}

function refuseSegment(): never {
  throw new TokenError('token_malformed', 'A segment of the token is not base64url in its one spelling.')
}

/** Finds the one of some keys that made the signature (RFC 7515 §5.2 step 8). @throws TokenError signature_invalid */
export function findSigningKey(jws: UnverifiedJws, candidates: readonly Key[]): Key {
  for (const key of candidates) {
    if (isSignatureValid(key, jws.signingInput, jws.signature)) return key
  }
  return refuseSignature()
}

/**
 * Finds what `findSigningKey` finds, on the thread pool; for a JWS that was parsed into bytes of its own.
 *
 * @throws TokenError signature_invalid
 */
export async function findSigningKeyInPool(jws: UnverifiedJws, candidates: readonly Key[]): Promise<Key> {
  for (const key of candidates) {
    if (await isSignatureValidInPool(key, jws.signingInput, jws.signature)) return key
  }
  return refuseSignature()
}

function refuseSignature(): never {
  throw new TokenError('signature_invalid', 'The signature of the token does not hold.')
}
