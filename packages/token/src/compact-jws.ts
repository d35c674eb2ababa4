/**
 * Owns the compact serialization: three base64url segments and two dots, nothing around them, no more than so many
 * characters (RFC 7515 §7.1). Only what is needed to find the key is read here; the payload is not looked into until
 * its signature holds.
 */
import type { Algorithm } from './algorithm.ts'
import { decodeBase64url, decodeBase64urlInto } from './base64url.ts'
import { checkType, type ProtectedHeader, parseProtectedHeader } from './protected-header.ts'
import { TokenError } from './token-error.ts'

/** The longest token that is looked at unless an option says otherwise, in characters. */
export const DEFAULT_MAX_TOKEN_LENGTH = 8192

/** What a token must be before a key is looked for. */
export interface CompactJwsRules {
  readonly algorithms: readonly Algorithm[]
  readonly maxTokenLength: number
  readonly typ?: string | undefined
}

/** A compact JWS that has been taken apart but not verified. */
export interface UnverifiedJws {
  readonly protectedHeader: ProtectedHeader
  readonly payload: Uint8Array<ArrayBuffer>
  readonly signingInput: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

/**
 * Writes a token at the start of bytes that are at least twice as many as its characters, or finds that it is not ASCII.
 * Whether the bytes are new ones is for the writer to say.
 */
export type TokenWriter = (token: string) => Uint8Array<ArrayBuffer> | undefined

/** A protected header that need not be parsed again. */
export interface KnownHeader {
  /** The header in base64url with the dot behind it, so that no longer header begins with it. */
  readonly prefix: string
  readonly protectedHeader: ProtectedHeader
}

/** Finds the known header that a token begins with. */
export interface KnownHeaders {
  readonly find: (token: string) => KnownHeader | undefined
}

/**
 * Opens a compact JWS up to its protected header (RFC 7515 §5.2 steps 1 to 4, 6 and 7). The header is one that is
 * known, or is parsed and must fit the rules.
 *
 * What is returned are views of the bytes that were written to: if those are the scratch buffer, use them up before
 * anything else runs, or call `copyJws`.
 *
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed,
 * type_mismatch
 */
export function openCompactJws(
  token: unknown,
  rules: CompactJwsRules,
  write: TokenWriter,
  known?: KnownHeaders,
): UnverifiedJws {
  checkLength(token, rules.maxTokenLength)
  const header = known?.find(token)
  const headerEnd = header === undefined ? token.indexOf('.') : header.prefix.length - 1
  const payloadEnd = token.indexOf('.', headerEnd + 1)
  if (headerEnd < 1 || payloadEnd === -1) return refuseForm()
  const bytes = write(token) ?? refuseForm()
  const endOfPayload = decodeInto(bytes, token.length, headerEnd + 1, payloadEnd)
  const endOfSignature = decodeInto(bytes, endOfPayload, payloadEnd + 1, token.length)
  return {
    protectedHeader: header?.protectedHeader ?? parseHeader(bytes, endOfSignature, headerEnd, rules),
    payload: bytes.subarray(token.length, endOfPayload),
    signingInput: bytes.subarray(0, payloadEnd),
    signature: bytes.subarray(endOfPayload, endOfSignature),
  }
}

/** Copies the bytes of a JWS, which may then wait for a key. */
export function copyJws(jws: UnverifiedJws): UnverifiedJws {
  return {
    ...jws,
    payload: new Uint8Array(jws.payload),
    signingInput: new Uint8Array(jws.signingInput),
    signature: new Uint8Array(jws.signature),
  }
}

function parseHeader(
  bytes: Uint8Array<ArrayBuffer>,
  offset: number,
  headerEnd: number,
  rules: CompactJwsRules,
): ProtectedHeader {
  const end = decodeInto(bytes, offset, 0, headerEnd)
  const protectedHeader = parseProtectedHeader(bytes.subarray(offset, end), rules.algorithms)
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
export function decodeSegment(segment: string): Uint8Array<ArrayBuffer> {
  return decodeBase64url(segment) ?? refuseSegment()
}

/**
 * Decodes a segment of a token to another place in the bytes that it is in; returns the offset after it.
 *
 * @throws TokenError token_malformed
 */
export function decodeInto(bytes: Uint8Array, offset: number, start: number, end: number): number {
  const decodedEnd = decodeBase64urlInto(bytes, offset, bytes, start, end)
  return decodedEnd === -1 ? refuseSegment() : decodedEnd
}

/** Says that a token is no compact JWS. @throws TokenError token_malformed */
export function refuseForm(): never {
  throw new TokenError('token_malformed', 'The token is not three segments of ASCII with a dot between them.')
}

function refuseSegment(): never {
  throw new TokenError('token_malformed', 'A segment of the token is not base64url in its one spelling.')
}
