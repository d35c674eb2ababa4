/**
 * Owns `verify` as jsonwebtoken has it: how it is called, and the order of the checks. The form of the token, its header
 * and its signature are left to `verifyCompact`; here a key is bound to one algorithm that both the program and the type
 * of the key permit, and the payload is checked last (RFC 7519 §7.2).
 */
import { decodeUnverified } from '../decode-unverified.ts'
import type { Key } from '../key.ts'
import { isKeyId } from '../key-id.ts'
import type { ProtectedHeader } from '../protected-header.ts'
import { TokenError } from '../token-error.ts'
import { verifyCompact } from '../verify-compact.ts'
import { ALGORITHMS, type Algorithm } from './algorithm.ts'
import { checkPayload } from './check-payload.ts'
import { JsonWebTokenError } from './json-web-token-error.ts'
import type { Jwt, JwtHeader } from './jwt.ts'
import { type KeySource, readKeySource, type Secret } from './key-source.ts'
import type { JwtPayload } from './payload.ts'
import { readVerifyOptions, type VerifyOptions, type VerifyRules } from './verify-options.ts'

/** Why there is no payload: the token's fault, or the program's. */
export type VerifyErrors = JsonWebTokenError | TypeError

/** Is given the payload, or why there is none. */
export type VerifyCallback<T = JwtPayload> = (error: VerifyErrors | null, decoded?: T) => void

/** Is given the key that was found, or why there is none. */
export type SigningKeyCallback = (error: Error | null, secretOrPublicKey?: Secret) => void

/**
 * Finds the key of a token; called before anything about the token is proven.
 *
 * Look `kid` up in a map. Never make a path, a query or a URL of it, and never fetch what the header points to.
 */
export type GetPublicKeyOrSecret = (header: JwtHeader, callback: SigningKeyCallback) => void

/**
 * Verifies a JWT and returns its payload (RFC 7519 §7.2).
 *
 * With a callback nothing is thrown: it is called with the error or the payload, at once if the key is at hand, and
 * later if a function finds it.
 *
 * @example const payload = verify(token, secret, { algorithms: ['HS256'] })
 * @throws JsonWebTokenError, TokenExpiredError, NotBeforeError for a token that is refused
 * @throws TypeError for a bad option or a key that is weak, misshapen or not one for the algorithms
 */
export function verify(token: string, key: Secret, options: VerifyOptions & { readonly complete: true }): Jwt
export function verify(token: string, key: Secret, options?: VerifyOptions): JwtPayload
export function verify(token: string, key: Secret | GetPublicKeyOrSecret, callback: VerifyCallback): void
export function verify(
  token: string,
  key: Secret | GetPublicKeyOrSecret,
  options: VerifyOptions & { readonly complete: true },
  callback: VerifyCallback<Jwt>,
): void
export function verify(
  token: string,
  key: Secret | GetPublicKeyOrSecret,
  options: VerifyOptions | undefined,
  callback: VerifyCallback,
): void
export function verify(
  token: string,
  key: Secret | GetPublicKeyOrSecret,
  options?: VerifyOptions | VerifyCallback,
  callback?: VerifyCallback | VerifyCallback<Jwt>,
): unknown {
  const finish = (typeof options === 'function' ? options : callback) as Finish | undefined
  const given = typeof options === 'function' ? {} : (options ?? {})
  if (typeof key !== 'function') return finish ? verifyThen(token, key, given, finish) : verifyNow(token, key, given)
  if (finish === undefined) {
    throw new TypeError('verify must be called asynchronous if secret or public key is provided as a callback')
  }
  return void verifyLater(token, key, given).then(
    (decoded) => finish(null, decoded),
    (error: Error) => finish(error),
  )
}

type Finish = (error: Error | null, decoded?: JwtPayload | Jwt) => unknown

/** Calls back at once, and returns what the callback returns: programs rely on both. */
function verifyThen(token: string, key: Secret, options: VerifyOptions, finish: Finish): unknown {
  let decoded: JwtPayload | Jwt
  try {
    decoded = verifyNow(token, key, options)
  } catch (error) {
    return finish(error as Error)
  }
  return finish(null, decoded)
}

function verifyNow(token: string, key: Secret, options: VerifyOptions): JwtPayload | Jwt {
  const rules = readVerifyOptions(options)
  checkForm(token)
  const decoded = decode(token)
  try {
    const keys = importVerificationKey(key, decoded.header, rules)
    verifyCompact(token, { keys, algorithms: [keys.alg] })
  } catch (error) {
    throw toJsonWebTokenError(error)
  }
  return finishWith(decoded, rules)
}

async function verifyLater(
  token: string,
  getKey: GetPublicKeyOrSecret,
  options: VerifyOptions,
): Promise<JwtPayload | Jwt> {
  const rules = readVerifyOptions(options)
  checkForm(token)
  const keys = async (header: ProtectedHeader): Promise<Key> =>
    importVerificationKey(await findKey(getKey, header), header, rules)
  try {
    await verifyCompact(token, { keys, algorithms: ALGORITHMS })
  } catch (error) {
    throw toJsonWebTokenError(error)
  }
  return finishWith(decode(token), rules)
}

function findKey(getKey: GetPublicKeyOrSecret, header: ProtectedHeader): Promise<Secret | undefined> {
  const wrap = (error: Error): Error =>
    new JsonWebTokenError(`error in secret or public key callback: ${error.message}`, error)
  return new Promise<Secret | undefined>((resolve, reject) => {
    const returned: unknown = getKey({ ...header }, (error, found) => (error ? reject(error) : resolve(found)))
    // An async function that fails would otherwise leave the request without an answer.
    Promise.resolve(returned).catch(reject)
  }).catch((error: Error) => Promise.reject(wrap(error)))
}

function checkForm(token: unknown): void {
  if (!token) throw new JsonWebTokenError('jwt must be provided')
  if (typeof token !== 'string') throw new JsonWebTokenError('jwt must be a string')
  const segments = token.split('.', 4)
  if (segments.length !== 3) throw new JsonWebTokenError('jwt malformed')
  if (segments[2]?.trim() === '') throw new JsonWebTokenError('jwt signature is required')
}

function decode(token: string): Jwt {
  try {
    const { protectedHeader, claims } = decodeUnverified(token)
    const signature = token.slice(token.lastIndexOf('.') + 1)
    return { header: { ...protectedHeader } as JwtHeader, payload: { ...claims }, signature }
  } catch (error) {
    throw toJsonWebTokenError(error)
  }
}

/** Imports a key for the algorithm that a token names, if the program accepts it and the type of the key permits it. */
function importVerificationKey(secretOrPublicKey: Secret | undefined, header: JwtHeader, rules: VerifyRules): Key {
  if (!secretOrPublicKey) throw new JsonWebTokenError('secret or public key must be provided')
  const source = readKeySource(secretOrPublicKey, 'secretOrPublicKey')
  const expected = listAccepted(source, rules.algorithms)
  const alg = expected.find((accepted) => accepted === header.alg)
  if (alg === undefined) {
    const detail = { claim: 'alg', expected, received: header.alg }
    throw new TokenError('algorithm_not_allowed', 'The algorithm of the token is not one of those allowed.', detail)
  }
  // The program has chosen the key, whatever the token calls it.
  return source.importFor(alg, isKeyId(header.kid) ? header.kid : undefined)
}

/** Lists the algorithms that a token may name: those that the program accepts and the key permits, never any other. */
function listAccepted(source: KeySource, algorithms: readonly Algorithm[] | undefined): readonly Algorithm[] {
  const wanted = algorithms ?? source.algorithms.filter((alg) => !alg.startsWith('PS'))
  const accepted = wanted.filter((alg) => source.algorithms.includes(alg))
  if (accepted.length === 0) throw new TypeError(source.explainMisfit(algorithms?.[0] ?? 'HS256'))
  return accepted
}

function finishWith(decoded: Jwt, rules: VerifyRules): JwtPayload | Jwt {
  checkPayload(decoded.payload, rules)
  return rules.isComplete ? decoded : decoded.payload
}

const MESSAGE_OF_CODE: Readonly<Record<string, string>> = {
  algorithm_not_allowed: 'invalid algorithm',
  signature_invalid: 'invalid signature',
}

function toJsonWebTokenError(error: unknown): unknown {
  if (!(error instanceof TokenError)) return error
  return new JsonWebTokenError(MESSAGE_OF_CODE[error.code] ?? 'invalid token', error)
}
