/**
 * Owns encrypted claims that nobody signed, which only a secret can vouch for (RFC 7519 §7.1, §7.2). They are checked by
 * the rules of a verifier that never sees a key.
 */
import { checkClaims } from '../check-claims.ts'
import { findMistypedClaim, type JwtClaims, parseClaims } from '../claims.ts'
import type { VerifierOptions } from '../create-verifier.ts'
import { parseLifetime } from '../parse-lifetime.ts'
import { checkType } from '../protected-header.ts'
import { encodeStrictJson } from '../sign-compact.ts'
import type { LifetimeOption } from '../signer-options.ts'
import { TokenError } from '../token-error.ts'
import { type AudienceOption, type ExpiryOption, type IssuerOption, readVerifierOptions } from '../verifier-options.ts'
import type { DecryptedJwe } from './decrypt-compact.ts'

type ClaimCheck = 'typ' | 'requiredClaims' | 'clockTolerance' | 'maxTokenAge' | 'maxLifetime' | 'now'

/** The options of `createVerifier` that are about claims. */
export type UnsignedClaimOptions = Pick<VerifierOptions, ClaimCheck> & IssuerOption & AudienceOption & ExpiryOption

/** The names of `UnsignedClaimOptions`. */
export const UNSIGNED_OPTION_NAMES: readonly string[] = (
  'typ requiredClaims clockTolerance maxTokenAge maxLifetime now issuer audience ' +
  'dangerouslyAllowAnyIssuer dangerouslyAllowAnyAudience dangerouslyAllowNoExpiry'
).split(' ')

/** What an unsigned JWT says by default. */
export type UnsignedClaimDefaults = {
  /** The `iss` of each token. @default none */
  readonly issuer?: string
  /** The `aud` of each token. @default none */
  readonly audience?: string | readonly string[]
  /** Tells the time in epoch seconds. @default the clock of the machine */
  readonly now?: () => number
} & LifetimeOption

/** Creates the check of decrypted claims. @throws TypeError that lists every bad option */
export function createUnsignedCheck(options: UnsignedClaimOptions): (jwe: DecryptedJwe) => JwtClaims {
  const given = Object.entries(options).filter(([name]) => UNSIGNED_OPTION_NAMES.includes(name))
  const claimOptions = Object.fromEntries(given) as unknown as UnsignedClaimOptions
  const rules = readVerifierOptions(
    { ...claimOptions, keys: undefined, algorithms: ['ES256'] },
    'createDecrypter',
    () => undefined,
  )
  return ({ protectedHeader, plaintext }) => {
    checkType(protectedHeader.typ, rules.typ)
    // A token that says it holds a JWT is not for a decrypter that verifies none.
    if (protectedHeader.cty !== undefined) {
      throw new TokenError('type_mismatch', 'The token holds something else than claims (cty).', { claim: 'cty' })
    }
    const claims = parseClaims(plaintext)
    checkClaims(claims, rules, rules.now())
    return claims
  }
}

/** Creates the function that writes claims as JSON, with their defaults. @throws TypeError for bad options */
export function createUnsignedWriter(options: UnsignedClaimDefaults): (claims: JwtClaims) => Uint8Array {
  const { issuer: iss, audience: aud, now = () => Date.now() / 1000, dangerouslyAllowNoExpiry } = options
  const lifetime = dangerouslyAllowNoExpiry === true ? undefined : parseLifetime(options.lifetime ?? '')
  const fixed = readClaims({ iss, aud })
  return (claims) => {
    const given = readClaims(claims)
    const iat = given.iat ?? Math.floor(now())
    const times = lifetime === undefined ? { iat } : { iat, exp: iat + lifetime }
    return encodeStrictJson({ ...fixed, ...times, ...given }, 'claims')
  }
}

function readClaims(claims: { readonly [claim: string]: unknown }): JwtClaims {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new TypeError('claims: give an object.')
  }
  const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  const mistyped = findMistypedClaim(given)
  if (mistyped !== undefined) throw new TypeError(`claims.${mistyped.claim}: give ${mistyped.rule}.`)
  return given
}
