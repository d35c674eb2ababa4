/**
 * Owns what an entry of the corpus is, and the honest parts that entries are made from. A token is made by node:crypto
 * alone, so that nothing under test takes part in it.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Algorithm } from '../../algorithm.ts'
import type { VerifierOptions } from '../../create-verifier.ts'
import type { Key } from '../../key.ts'
import type { TokenErrorCode } from '../../token-error.ts'
import { encode, forgeToken } from '../forge-token.ts'
import { getTestKey, KID } from '../test-keys.ts'

/** Options of the verifier of an entry, which differ from the usual ones. */
export type EntryOptions = Partial<Omit<VerifierOptions, 'keys' | 'algorithms'>> & {
  readonly keys?: readonly Key[]
  readonly algorithms?: readonly Algorithm[]
}

/** A token of the corpus. */
export interface Entry {
  readonly category: string
  readonly name: string
  readonly token: unknown
  /** What it is refused with; nothing for a token that is accepted. */
  readonly code?: TokenErrorCode
  readonly options?: EntryOptions
}

/** Epoch seconds at which every entry is verified. */
export const NOW = 1_700_000_000
export const ISSUER = 'https://issuer.example'
export const AUDIENCE = 'https://api.example'
/** The claims of an honest token. */
export const CLAIMS: Readonly<Record<string, unknown>> = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  client_id: 'client-1',
  jti: 'token-1',
  scope: 'orders:read orders:write',
  iat: NOW,
  exp: NOW + 600,
}
/** The header of an honest token. */
export const HEADER: Readonly<Record<string, unknown>> = { alg: 'ES256', kid: KID, typ: 'at+jwt' }
/** A key pair of somebody who is not the issuer. */
export const ATTACKER: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
export const ATTACKER_JWK: Readonly<Record<string, unknown>> = {
  ...createPublicKey(ATTACKER).export({ format: 'jwk' }),
}

/** Signs a header and claims with the key of the issuer, each as JSON or as it is written. */
export function sign(
  header: object | string | Uint8Array = HEADER,
  claims: object | string | Uint8Array = CLAIMS,
  key: KeyObject = getTestKey('ES256').native,
  alg: Algorithm = 'ES256',
): string {
  return forgeToken(header, claims, key, alg)
}

/** Signs the honest claims with some of them changed; `undefined` leaves one out. */
export function withClaims(changed: Readonly<Record<string, unknown>>): string {
  return sign(HEADER, { ...CLAIMS, ...changed })
}

/** Signs the honest header with some of its parameters changed. */
export function withHeader(changed: Readonly<Record<string, unknown>>, key?: KeyObject): string {
  return sign({ ...HEADER, ...changed }, CLAIMS, key)
}

/** Signs claims whose JSON ends in what is given: members that JSON.stringify would not write so. */
export function withClaimsText(text: string): string {
  return sign(HEADER, `${JSON.stringify(CLAIMS).slice(0, -1)},${text}}`)
}

/** Signs a header whose JSON ends in what is given. */
export function withHeaderText(text: string): string {
  return sign(`${JSON.stringify(HEADER).slice(0, -1)},${text}}`)
}

/** An honest token and its segments. */
export const HONEST: string = sign()
export const HONEST_HEADER: string = HONEST.split('.')[0] ?? ''
export const HONEST_PAYLOAD: string = HONEST.split('.')[1] ?? ''
export const HONEST_SIGNATURE: string = HONEST.split('.')[2] ?? ''

/** Puts an unsigned header before the honest payload, with a signature that is given. */
export function unsigned(header: object, signature = ''): string {
  return `${encode(header)}.${HONEST_PAYLOAD}.${signature}`
}
