import { type DecodeUnverifiedOptions, readUnverified, type UnverifiedJwt } from '../unverified-jwt.ts'
import { writeToken } from './token-bytes.ts'

/**
 * Decodes a JWT without verifying anything, for display and diagnosis (RFC 7519 §7.2 steps 1 to 3).
 *
 * Never decide by the result: anyone can write such a token. The types of the claims are not checked either.
 *
 * @example const { protectedHeader, claims } = decodeUnverified(token)
 * @throws TokenError token_malformed, token_too_large, header_invalid, claims_malformed
 */
export function decodeUnverified(token: string, options: DecodeUnverifiedOptions = {}): UnverifiedJwt {
  return readUnverified(token, options, writeToken)
}
