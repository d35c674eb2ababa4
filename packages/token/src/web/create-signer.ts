import type { JwtClaims } from '../claims.ts'
import { readSignerOptions, type SignerOptionsOf } from '../signer-options.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { encodeHeader, encodeStrictJson, signSegments } from './sign-compact.ts'

/** What `createSigner` is told (RFC 7519 §7.1). */
export type SignerOptions = SignerOptionsOf<Key>

/**
 * Creates a function that signs claims as a JWT (RFC 7519 §7.1).
 *
 * `iat` is the present second and `exp` is `iat` plus the lifetime, unless the claims say otherwise; claims that are
 * given win over the options. A claim that is `undefined` counts as not given.
 *
 * @example
 * const sign = createSigner({ key, issuer, audience, lifetime: '10m' })
 * const token = await sign({ sub: 'user-1' })
 * @throws TypeError at once, listing every bad option; the function then rejects claims of a wrong type with TypeError
 */
export function createSigner(options: SignerOptions): (claims: JwtClaims) => Promise<string> {
  const { typ, complete } = readSignerOptions(options, canSign)
  const { key } = options
  const header = encodeHeader(key, { typ })
  return async (claims) => signSegments(header, encodeStrictJson(complete(claims), 'claims'), key)
}

function canSign(key: unknown): boolean {
  return isKey(key) && getKeyMaterial(key).signing !== undefined
}
