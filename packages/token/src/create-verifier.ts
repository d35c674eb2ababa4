/**
 * Owns the order of the checks on a JWT: form, header, algorithm, type, key and signature first; the claims are not
 * read before the signature holds (RFC 7519 §7.2, RFC 8725 §3).
 */
import type { JwtClaims } from './claims.ts'
import { copyJws, openCompactJws, type UnverifiedJws } from './compact-jws.ts'
import { copyText } from './copy-text.ts'
import type { Key } from './key.ts'
import { type KeyResolver, type LocalKeys, readKeys, toKeys } from './local-keys.ts'
import { ProvenHeaders } from './proven-headers.ts'
import { writeToScratch } from './scratch.ts'
import { findSigningKey } from './signature.ts'
import { findSigningKeyInPool } from './thread-pool-signature.ts'
import { findCandidates } from './verification-keys.ts'
import { readVerifiedJwt, type VerifiedJwt } from './verified-token.ts'
import { VerifiedTokens } from './verified-tokens.ts'
import { readVerifierOptions, type VerifierOptionsOf, type VerifierRules } from './verifier-options.ts'

interface ThreadPoolOption<ThreadPool extends boolean> {
  /**
   * Checks signatures on the thread pool, so that the event loop goes on meanwhile: the result is then a promise. An HMAC
   * is checked at once all the same.
   * @default false
   */
  readonly threadPool?: ThreadPool
}

/** What `createVerifier` is told (RFC 7519 §7.2). */
export type VerifierOptions<
  Keys = LocalKeys | KeyResolver,
  Claims = JwtClaims,
  ThreadPool extends boolean = false,
> = VerifierOptionsOf<Keys, Claims> & ThreadPoolOption<ThreadPool>

/** The options of any verifier, whatever follows from them for its type. */
type AnyVerifierOptions = VerifierOptions<LocalKeys | KeyResolver, unknown, boolean>

/** Options whose verifier returns a promise: of keys that have to be found, or of signatures on the thread pool. */
type LaterOptions<Claims> =
  | VerifierOptions<KeyResolver, Claims, boolean>
  | VerifierOptions<LocalKeys | KeyResolver, Claims, true>

/**
 * Creates a function that verifies JWTs and returns their claims (RFC 7519 §7.2).
 *
 * With keys at hand it returns the claims; with a function that finds keys, and with `threadPool`, a promise of them. `algorithms`,
 * `issuer`, `audience` and a present `exp` are required, or waived by name. With a `schema`, what that returns is returned.
 *
 * @example
 * const verify = createVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const claims = verify(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys, Claims>,
): (token: string) => Claims
export function createVerifier<Claims = JwtClaims>(options: LaterOptions<Claims>): (token: string) => Promise<Claims>
export function createVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims, boolean>,
): (token: string) => Claims | Promise<Claims>
export function createVerifier(options: AnyVerifierOptions): (token: string) => unknown {
  const verify = createVerification(readRules(options, 'createVerifier'))
  return (token) => {
    const verified = verify(token)
    return verified instanceof Promise ? verified.then(({ claims }) => claims) : verified.claims
  }
}

/**
 * Creates a function that verifies JWTs as `createVerifier` does, and returns their protected header beside their claims
 * (RFC 7519 §7.2). The header is shared between the tokens that have the same one, and cannot be changed.
 *
 * @example
 * const verify = createJwtVerifier({ keys, algorithms: ['ES256'], issuer, audience, typ: 'at+jwt' })
 * const { claims, protectedHeader } = verify(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys, Claims>,
): (token: string) => VerifiedJwt<Claims>
export function createJwtVerifier<Claims = JwtClaims>(
  options: LaterOptions<Claims>,
): (token: string) => Promise<VerifiedJwt<Claims>>
export function createJwtVerifier<Claims = JwtClaims>(
  options: VerifierOptions<LocalKeys | KeyResolver, Claims, boolean>,
): (token: string) => VerifiedJwt<Claims> | Promise<VerifiedJwt<Claims>>
export function createJwtVerifier(
  options: AnyVerifierOptions,
): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  return createVerification(readRules(options, 'createJwtVerifier'))
}

interface Rules extends VerifierRules<readonly Key[] | KeyResolver> {
  readonly threadPool: boolean
}

function readRules(options: AnyVerifierOptions, caller: string): Rules {
  const rules = readVerifierOptions(options, caller, readKeys, ['threadPool'])
  return { ...rules, threadPool: options.threadPool ?? false }
}

function createVerification(rules: Rules): (token: string) => VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
  const { keys, threadPool } = rules
  const proven = new ProvenHeaders()
  const known = rules.cacheSize === 0 ? undefined : new VerifiedTokens<VerifiedJwt<unknown>>(rules, copyText)
  const open = (token: string): UnverifiedJws => openCompactJws(token, rules, writeToScratch, proven)
  const readVerified = (jws: UnverifiedJws, token: string): VerifiedJwt<unknown> => {
    proven.add(token, jws.protectedHeader)
    return readVerifiedJwt(jws, token, rules, known)
  }
  if (typeof keys !== 'function' && !threadPool) {
    const verifyNow = (token: string): VerifiedJwt<unknown> => {
      const jws = open(token)
      findSigningKey(jws, findCandidates(keys, jws.protectedHeader))
      return readVerified(jws, token)
    }
    return known === undefined ? verifyNow : (token) => known.find(token) ?? verifyNow(token)
  }
  return async (token) => {
    const verified = known?.find(token)
    if (verified !== undefined) return verified
    const jws = copyJws(open(token))
    const found = typeof keys === 'function' ? toKeys(await keys(jws.protectedHeader)) : keys
    const candidates = findCandidates(found, jws.protectedHeader)
    if (threadPool) await findSigningKeyInPool(jws, candidates)
    else findSigningKey(jws, candidates)
    return readVerified(jws, token)
  }
}
