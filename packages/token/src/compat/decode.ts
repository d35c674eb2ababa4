import { decodeUnverified } from '../decode-unverified.ts'
import { TokenError } from '../token-error.ts'
import type { Jwt } from './jwt.ts'
import type { JwtPayload } from './payload.ts'

/** What `decode` is told. */
export interface DecodeOptions {
  /** @default false */
  readonly complete?: boolean
  /** Has no effect: the payload is always JSON. */
  readonly json?: boolean
}

/**
 * Decodes a JWT without verifying anything, for display and diagnosis (RFC 7519 §7.2 steps 1 to 3).
 *
 * Never decide by the result: anyone can write such a token.
 *
 * @example const payload = decode(token)
 */
export function decode(token: string, options: DecodeOptions & { readonly complete: true }): Jwt | null
export function decode(token: string, options?: DecodeOptions): JwtPayload | null
export function decode(token: string, options?: DecodeOptions): Jwt | JwtPayload | null {
  const segments = typeof token === 'string' ? token.split('.', 4) : []
  if (segments.length !== 3) return null
  try {
    const { protectedHeader: header, claims: payload } = decodeUnverified(token)
    if (options?.complete !== true) return { ...payload }
    return { header: { ...header } as Jwt['header'], payload: { ...payload }, signature: segments[2] ?? '' }
  } catch (error) {
    if (error instanceof TokenError) return null
    throw error
  }
}
