/** Owns the forms of `sign` and `verify` that return promises; `util.promisify` makes the same of the others. */
import type { Jwt } from './jwt.ts'
import type { Secret } from './key-source.ts'
import type { JwtPayload } from './payload.ts'
import { sign as signNow } from './sign.ts'
import type { SignOptions } from './sign-options.ts'
import { type GetPublicKeyOrSecret, type VerifyErrors, verify as verifyThen } from './verify.ts'
import type { VerifyOptions } from './verify-options.ts'

/**
 * Signs a payload as a JWT (RFC 7519 §7.1).
 *
 * @example const token = await promises.sign({ sub: 'user-1' }, secret, { expiresIn: '15m' })
 * @throws TypeError as `sign` does, as a rejection
 */
export async function sign(payload: object, secretOrPrivateKey: Secret, options?: SignOptions): Promise<string> {
  return signNow(payload, secretOrPrivateKey, options)
}

/**
 * Verifies a JWT, with a key or with a function that finds it (RFC 7519 §7.2).
 *
 * @example const payload = await promises.verify(token, getKey, { algorithms: ['RS256'] })
 * @throws JsonWebTokenError and TypeError as `verify` does, as a rejection
 */
export function verify(
  token: string,
  key: Secret | GetPublicKeyOrSecret,
  options: VerifyOptions & { readonly complete: true },
): Promise<Jwt>
export function verify(token: string, key: Secret | GetPublicKeyOrSecret, options?: VerifyOptions): Promise<JwtPayload>
export function verify(
  token: string,
  key: Secret | GetPublicKeyOrSecret,
  options: VerifyOptions = {},
): Promise<JwtPayload | Jwt> {
  return new Promise((resolve, reject) => {
    const finish = (error: VerifyErrors | null, decoded?: JwtPayload): void => {
      if (error !== null || decoded === undefined) reject(error)
      else resolve(decoded)
    }
    verifyThen(token, key, options, finish)
  })
}
