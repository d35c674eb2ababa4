/**
 * Owns what the protected header of a JWE may say: an exact `alg` and `enc`, a `kid` that is only a name, an ephemeral
 * key that is written as a public key of JOSE is, and nothing that would change how the rest is read (RFC 7516 §4.1).
 */
import { decodeBase64url } from '../base64url.ts'
import { isKeyId, KEY_ID_RULE } from '../key-id.ts'
import { parseHeaderJson } from '../protected-header.ts'
import { TokenError } from '../token-error.ts'
import {
  type ContentEncryptionAlgorithm,
  getKeyManagementParameters,
  type KeyManagementAlgorithm,
} from './encryption-algorithm.ts'

/** The protected header of a JWE whose `alg` and `enc` are among those allowed (RFC 7516 §4.1). */
export interface JweHeader {
  readonly alg: KeyManagementAlgorithm
  readonly enc: ContentEncryptionAlgorithm
  readonly kid?: string
  readonly typ?: string
  readonly cty?: string
  /** The curve of the ephemeral public key of ECDH-ES. */
  readonly epk?: { readonly crv: string }
  readonly [parameter: string]: unknown
}

/** The algorithms that a caller accepts. */
export interface JweAlgorithms {
  readonly algorithms: readonly KeyManagementAlgorithm[]
  readonly encryptions: readonly ContentEncryptionAlgorithm[]
}

/** Parameters that would change how the token is read, and are refused whatever they say. */
const UNSUPPORTED_PARAMETERS = ['crit', 'zip', 'b64']
/** Length of a coordinate, in bytes. */
const COORDINATE_LENGTH: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
])
const PRIVATE_MEMBERS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']

/**
 * Parses the protected header of a JWE (RFC 7516 §5.2 steps 3 and 4, RFC 8725 §3.1).
 *
 * @throws TokenError header_invalid, header_unsupported, algorithm_not_allowed
 */
export function parseJweHeader(bytes: Uint8Array, { algorithms, encryptions }: JweAlgorithms): JweHeader {
  const header = parseHeaderJson(bytes)
  for (const claim of UNSUPPORTED_PARAMETERS) {
    if (Object.hasOwn(header, claim)) {
      const message = `The protected header has "${claim}", which is never honoured.`
      throw new TokenError('header_unsupported', message, { claim })
    }
  }
  for (const claim of ['alg', 'enc', 'typ', 'cty']) {
    const isRequired = claim === 'alg' || claim === 'enc'
    if ((isRequired || Object.hasOwn(header, claim)) && typeof header[claim] !== 'string') {
      throw new TokenError('header_invalid', `The header parameter "${claim}" is not a string.`, { claim })
    }
  }
  checkAllowed('alg', header.alg, algorithms)
  checkAllowed('enc', header.enc, encryptions)
  if (Object.hasOwn(header, 'kid') && !isKeyId(header.kid)) {
    throw new TokenError('header_invalid', `The key id (kid) of the token is not ${KEY_ID_RULE}.`, { claim: 'kid' })
  }
  if (getKeyManagementParameters(header.alg as KeyManagementAlgorithm).family === 'ecdh') {
    checkEphemeralKey(header.epk)
    for (const name of ['apu', 'apv']) if (Object.hasOwn(header, name)) checkPartyInfo(name, header[name])
  }
  return Object.freeze(header) as JweHeader
}

function checkAllowed(claim: 'alg' | 'enc', received: unknown, allowed: readonly string[]): void {
  if (allowed.includes(received as string)) return
  const message = `The algorithm (${claim}) of the token is not one of those allowed.`
  throw new TokenError('algorithm_not_allowed', message, { claim, expected: allowed, received })
}

/** Checks the form of an ephemeral key; that it is a point of the curve is found by whoever computes with it. */
function checkEphemeralKey(epk: unknown): void {
  const key = typeof epk === 'object' && epk !== null && !Array.isArray(epk) ? (epk as Record<string, unknown>) : {}
  const length = COORDINATE_LENGTH.get(key.crv)
  const isCoordinate = (value: unknown): boolean =>
    typeof value === 'string' && decodeBase64url(value)?.length === length
  const isPublic = PRIVATE_MEMBERS.every((name) => !Object.hasOwn(key, name))
  if (key.kty === 'EC' && length !== undefined && isCoordinate(key.x) && isCoordinate(key.y) && isPublic) return
  const message = 'The ephemeral key (epk) of the token is not a public EC key on P-256, P-384 or P-521.'
  throw new TokenError('header_invalid', message, { claim: 'epk' })
}

function checkPartyInfo(claim: string, value: unknown): void {
  if (typeof value === 'string' && decodeBase64url(value) !== undefined) return
  throw new TokenError('header_invalid', `The header parameter "${claim}" is not base64url.`, { claim })
}
