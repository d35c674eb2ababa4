/**
 * Owns `sign` as jsonwebtoken has it: what the options make of the header, and what must hold before anything is signed
 * (RFC 7519 §7.1). Keys and signatures are those of the rest of this package.
 */
import { DEFAULT_MAX_TOKEN_LENGTH } from '../compact-jws.ts'
import { encodeBase64url } from '../encode-base64url.ts'
import type { Key } from '../key.ts'
import { isKeyId, KEY_ID_RULE } from '../key-id.ts'
import { encodeStrictJson, signSegments } from '../sign-compact.ts'
import { addClaims } from './add-claims.ts'
import { ALGORITHMS, type Algorithm, isAlgorithm } from './algorithm.ts'
import { readKeySource, type Secret } from './key-source.ts'
import { checkSignOptions, type SignOptions } from './sign-options.ts'

/** Is given the token, or why there is none. */
export type SignCallback = (error: Error | null, token?: string) => void

/**
 * Signs a payload as a JWT (RFC 7519 §7.1).
 *
 * With a callback nothing is thrown: it is called once, later, with the error or the token.
 *
 * @example const token = sign({ sub: 'user-1' }, secret, { expiresIn: '15m' })
 * @throws TypeError for everything: it is the program that is wrong
 */
export function sign(payload: object, secretOrPrivateKey: Secret, options?: SignOptions): string
export function sign(payload: object, secretOrPrivateKey: Secret, callback: SignCallback): void
export function sign(payload: object, secretOrPrivateKey: Secret, options: SignOptions, callback: SignCallback): void
export function sign(
  payload: object,
  secretOrPrivateKey: Secret,
  options?: SignOptions | SignCallback,
  callback: SignCallback | undefined = typeof options === 'function' ? options : undefined,
): string | undefined {
  const given = typeof options === 'function' ? {} : (options ?? {})
  if (typeof callback !== 'function') return signNow(payload, secretOrPrivateKey, given)
  let outcome: Parameters<SignCallback>
  try {
    outcome = [null, signNow(payload, secretOrPrivateKey, given)]
  } catch (error) {
    outcome = [error as Error]
  }
  queueMicrotask(() => callback(...outcome))
  return undefined
}

function signNow(payload: object, secretOrPrivateKey: Secret, options: SignOptions): string {
  if (!secretOrPrivateKey) throw new TypeError('secretOrPrivateKey must have a value')
  checkSignOptions(options)
  const alg = readAlgorithm(options)
  const header = encodeBase64url(encodeStrictJson(createHeader(alg, options), 'header'))
  const key = importSigningKey(secretOrPrivateKey, alg)
  const claims = encodeStrictJson(addClaims(payload, options), 'payload')
  const token = signSegments(header, claims, key)
  if (token.length > DEFAULT_MAX_TOKEN_LENGTH) {
    throw new TypeError(`payload: the token is longer than ${DEFAULT_MAX_TOKEN_LENGTH} characters: put less into it.`)
  }
  return token
}

function readAlgorithm({ algorithm, header }: SignOptions): Algorithm {
  const inHeader = header?.alg
  const alg = algorithm ?? inHeader ?? 'HS256'
  if (!isAlgorithm(alg) || (inHeader !== undefined && inHeader !== alg)) {
    throw new TypeError(`"algorithm" must be one of ${ALGORITHMS.join(', ')}, and "header.alg" the same or left out`)
  }
  return alg
}

/** Parameters that no verifier of this package honours. */
const REFUSED_PARAMETERS = ['crit', 'b64', 'zip']

function createHeader(alg: Algorithm, { keyid, header }: SignOptions): object {
  const all: Readonly<Record<string, unknown>> = { alg, typ: 'JWT', kid: keyid, ...header }
  for (const name of REFUSED_PARAMETERS) {
    if (Object.hasOwn(all, name)) throw new TypeError(`"header.${name}" is not supported: leave it out`)
  }
  for (const name of ['typ', 'cty']) {
    if (all[name] !== undefined && typeof all[name] !== 'string')
      throw new TypeError(`"header.${name}" must be a string`)
  }
  if (all.kid !== undefined && !isKeyId(all.kid)) throw new TypeError(`"keyid" must be ${KEY_ID_RULE}`)
  return all
}

function importSigningKey(secretOrPrivateKey: Secret, alg: Algorithm): Key {
  const source = readKeySource(secretOrPrivateKey, 'secretOrPrivateKey')
  if (alg.startsWith('HS') !== source.isSecret) {
    const kind = source.isSecret ? 'an asymmetric' : 'a symmetric'
    throw new TypeError(`secretOrPrivateKey must be ${kind} key when using ${alg}`)
  }
  if (!source.algorithms.includes(alg)) throw new TypeError(source.explainMisfit(alg))
  const key = source.importFor(alg)
  if (key.kind === 'public') throw new TypeError(`secretOrPrivateKey must be an asymmetric key when using ${alg}`)
  return key
}
