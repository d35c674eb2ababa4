/** Owns the order in which a JWT is protected: signed first, then encrypted (RFC 7519 §11.2). */
import type { JwtClaims } from '../claims.ts'
import { OptionProblems } from '../option-problems.ts'
import { type EncryptCompactOptions, encryptCompact, readEncryption } from './encrypt-compact.ts'
import { getEncryptionKeyMaterial, isEncryptionKey } from './encryption-key.ts'
import { createUnsignedWriter, type UnsignedClaimDefaults } from './unsigned-claims.ts'

/** The signer of the JWT inside, such as `createSigner` makes. */
export type NestedSigner = (claims: JwtClaims) => string | Promise<string>

/** What `createEncrypter` is told: how to encrypt, and how to sign what is inside or the waiver of that. */
export type EncrypterOptions = Pick<EncryptCompactOptions, 'key' | 'enc'> & {
  /**
   * The `typ` of the header of the JWE.
   * @default none for a JWT that is signed, else 'JWT'
   */
  readonly typ?: string
} & (
    | {
        /** Signs the claims; it decides on issuer, audience and expiry. */
        readonly signer: NestedSigner
        readonly dangerouslyAllowUnsigned?: false
      }
    | ({
        readonly signer?: never
        /** Encrypts claims that nobody signs: with a secret, A256KW or dir, only. */
        readonly dangerouslyAllowUnsigned: true
      } & UnsignedClaimDefaults)
  )

const OPTION_NAMES = ['key', 'enc', 'typ', 'signer', 'dangerouslyAllowUnsigned']
const UNSIGNED_OPTION_NAMES = ['issuer', 'audience', 'lifetime', 'dangerouslyAllowNoExpiry', 'now']
const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Creates a function that signs claims as a JWT and encrypts it (RFC 7519 §7.1).
 *
 * @example
 * const signer = createSigner({ key: signingKey, issuer, audience, lifetime: '10m' })
 * const encrypt = createEncrypter({ key: recipientKey, enc: 'A256GCM', signer })
 * const token = await encrypt({ sub: 'user-1' })
 * @throws TypeError at once, listing every bad option; the function then throws TypeError for claims of a wrong type
 */
export function createEncrypter(options: EncrypterOptions): (claims: JwtClaims) => Promise<string> {
  checkOptions(options)
  const { key, typ } = options
  const enc = readEncryption(key, options.enc)
  const encrypt = (plaintext: Uint8Array, protectedHeader: Readonly<Record<string, string>>): Promise<string> =>
    encryptCompact(plaintext, { key, enc, protectedHeader })
  if (options.dangerouslyAllowUnsigned === true) {
    const write = createUnsignedWriter(options)
    return async (claims) => encrypt(write(claims), { typ: typ ?? 'JWT' })
  }
  const { signer } = options
  const header = { ...(typ === undefined ? {} : { typ }), cty: 'JWT' }
  return async (claims) => {
    const jwt: unknown = await signer(claims)
    if (typeof jwt !== 'string' || !JWS.test(jwt)) throw new TypeError('signer: it did not return a signed JWT.')
    return encrypt(Buffer.from(jwt, 'latin1'), header)
  }
}

function checkOptions(options: EncrypterOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('createEncrypter: give an object of options.')
  const { key, typ, signer, dangerouslyAllowUnsigned: isUnsigned } = options
  const problems = new OptionProblems('createEncrypter')
  problems.requireKnown(options, [...OPTION_NAMES, ...(isUnsigned === true ? UNSIGNED_OPTION_NAMES : [])])
  const isKey = isEncryptionKey(key)
  const canEncrypt = isKey && getEncryptionKeyMaterial(key).encryption !== undefined
  problems.require(canEncrypt, 'key', 'give the public key of the recipient or a secret, made by importEncryptionKey')
  problems.require(
    typ === undefined || (typeof typ === 'string' && typ !== ''),
    'typ',
    'give a media type such as "at+jwt", or leave it out',
  )
  if (isUnsigned === true) {
    problems.require(signer === undefined, 'signer', 'leave it out: it contradicts dangerouslyAllowUnsigned')
    problems.require(
      !isKey || key.kind === 'secret',
      'key',
      'give a secret: under a public key anyone can write a token that nobody signed',
    )
  } else {
    const mend = 'give a function that signs claims, made by createSigner; dangerouslyAllowUnsigned: true waives it'
    problems.require(typeof signer === 'function', 'signer', mend)
  }
  problems.throwIfAny()
}
