import type { JwtClaims } from './claims.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import { encodeHeader, encodeStrictJson, signSegments, signSegmentsInPool } from './sign-compact.ts'
import { readSignerOptions, type SignerOptionsOf } from './signer-options.ts'

interface ThreadPoolOption<ThreadPool extends boolean> {
  /**
   * Signs on the thread pool, so that the event loop goes on meanwhile: the result is then a promise. For RSA and ML-DSA,
   * whose signatures take up to 1.5 ms; an HMAC is made at once all the same.
   * @default false
   */
  readonly threadPool?: ThreadPool
}

/** What `createSigner` is told (RFC 7519 §7.1). */
export type SignerOptions<ThreadPool extends boolean = false> = SignerOptionsOf<Key> & ThreadPoolOption<ThreadPool>

/**
 * Creates a function that signs claims as a JWT (RFC 7519 §7.1).
 *
 * `iat` is the present second and `exp` is `iat` plus the lifetime, unless the claims say otherwise; claims that are
 * given win over the options. A claim that is `undefined` counts as not given. With `threadPool` the function returns a
 * promise, which is rejected where it would throw.
 *
 * @example
 * const sign = createSigner({ key, issuer, audience, lifetime: '10m' })
 * const token = sign({ sub: 'user-1' })
 * @throws TypeError at once, listing every bad option; the function then throws TypeError for claims of a wrong type
 */
export function createSigner(options: SignerOptions): (claims: JwtClaims) => string
export function createSigner(options: SignerOptions<true>): (claims: JwtClaims) => Promise<string>
export function createSigner(options: SignerOptions<boolean>): (claims: JwtClaims) => string | Promise<string>
export function createSigner(options: SignerOptions<boolean>): (claims: JwtClaims) => string | Promise<string> {
  const { typ, complete } = readSignerOptions(options, canSign, ['threadPool'])
  const { key } = options
  const header = encodeHeader(key, { typ })
  const encodeClaims = (claims: JwtClaims): Uint8Array => encodeStrictJson(complete(claims), 'claims')
  if (options.threadPool === true) return async (claims) => signSegmentsInPool(header, encodeClaims(claims), key)
  return (claims) => signSegments(header, encodeClaims(claims), key)
}

function canSign(key: unknown): boolean {
  return isKey(key) && getKeyMaterial(key).signing !== undefined
}
