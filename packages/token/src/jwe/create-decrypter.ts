/**
 * Owns what a decrypter demands of an encrypted JWT. Whether a token is encrypted is decided here, by the program, and
 * never by how many segments the token has; and what comes out of it is a JWT whose signature is verified, since
 * encryption to a public key says nothing of who wrote it (RFC 7519 §11.2, RFC 8725 §3.3).
 */
import type { JwtClaims } from '../claims.ts'
import { OptionProblems } from '../option-problems.ts'
import { TokenError } from '../token-error.ts'
import {
  DECRYPTION_OPTION_NAMES,
  type DecryptCompactOptions,
  decryptWith,
  readDecryptionRules,
} from './decrypt-compact.ts'
import { createUnsignedCheck, UNSIGNED_OPTION_NAMES, type UnsignedClaimOptions } from './unsigned-claims.ts'

/** The verifier of the JWT inside, such as `createVerifier` makes. */
export type NestedVerifier = (jwt: string) => JwtClaims | Promise<JwtClaims>

/** What `createDecrypter` is told: how to decrypt, and how to verify what is inside or the waiver of that. */
export type DecrypterOptions = DecryptCompactOptions &
  (
    | {
        /** Verifies the JWT inside; it decides on signature, issuer, audience and expiry. */
        readonly verifier: NestedVerifier
        readonly dangerouslyAllowUnsigned?: false
      }
    | ({
        readonly verifier?: never
        /**
         * Accepts claims that nobody signed, from whoever has the secret: with A256KW and dir only. The claims are
         * checked by the options of `createVerifier`.
         */
        readonly dangerouslyAllowUnsigned: true
      } & UnsignedClaimOptions)
  )

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/**
 * Creates a function that decrypts JWTs, verifies what is inside and returns the claims (RFC 7519 §7.2).
 *
 * @example
 * const verifier = createVerifier({ keys, algorithms: ['ES256'], issuer, audience })
 * const decrypt = createDecrypter({ keys: key, algorithms: ['ECDH-ES+A256KW'], encryptions: ['A256GCM'], verifier })
 * const claims = await decrypt(token)
 * @throws TypeError at once, listing every bad option; the function then throws TokenError with any of its codes
 */
export function createDecrypter(options: DecrypterOptions): (token: string) => Promise<JwtClaims> {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('createDecrypter: give an object of options.')
  }
  const problems = new OptionProblems('createDecrypter')
  const isUnsigned = options.dangerouslyAllowUnsigned === true
  const names = ['verifier', 'dangerouslyAllowUnsigned', ...(isUnsigned ? UNSIGNED_OPTION_NAMES : [])]
  problems.requireKnown(options, [...DECRYPTION_OPTION_NAMES, ...names])
  const rules = readDecryptionRules(options, problems)
  checkVerifier(options, rules.algorithms, problems)
  problems.throwIfAny()
  if (options.dangerouslyAllowUnsigned === true) {
    const check = createUnsignedCheck(options)
    return async (token) => check(await decryptWith(token, rules))
  }
  const { verifier } = options
  return async (token) => {
    const { protectedHeader, plaintext } = await decryptWith(token, rules)
    checkContentType(protectedHeader.cty)
    return verifier(utf8.decode(plaintext))
  }
}

/** Checks that the token says what it holds, as it must (RFC 7519 §5.2). It says so; it does not decide it. */
function checkContentType(cty: string | undefined): void {
  if (cty?.toUpperCase() === 'JWT') return
  const message = 'The token does not say, by its content type (cty), that it holds a JWT.'
  throw new TokenError('type_mismatch', message, { claim: 'cty' })
}

function checkVerifier(options: DecrypterOptions, algorithms: readonly string[], problems: OptionProblems): void {
  const { verifier, dangerouslyAllowUnsigned: isUnsigned } = options
  problems.require(
    isUnsigned === undefined || typeof isUnsigned === 'boolean',
    'dangerouslyAllowUnsigned',
    'give true or false',
  )
  if (isUnsigned !== true) {
    const mend =
      'give a function that verifies the JWT inside, made by createVerifier; dangerouslyAllowUnsigned: true waives it'
    problems.require(typeof verifier === 'function', 'verifier', mend)
    return
  }
  const contradiction = 'leave it out, or leave dangerouslyAllowUnsigned out: they contradict each other'
  problems.require(verifier === undefined, 'verifier', contradiction)
  problems.require(
    algorithms.every((alg) => alg === 'A256KW' || alg === 'dir'),
    'algorithms',
    'allow A256KW and dir only: under a public key anyone can write a token that nobody signed',
  )
}
