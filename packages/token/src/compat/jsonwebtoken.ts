/**
 * Has the names of jsonwebtoken 9, so that a program changes its import and nothing else, and the checks of this
 * package; docs/migrating-to-token.md lists every difference. New programs use `createSigner` and `createVerifier`.
 */
import { decode } from './decode.ts'
import { JsonWebTokenError, NotBeforeError, TokenExpiredError } from './json-web-token-error.ts'
import * as promises from './promises.ts'
import { sign } from './sign.ts'
import { verify } from './verify.ts'

export type { Algorithm } from './algorithm.ts'
export type { DecodeOptions } from './decode.ts'
export type { Jwt, JwtHeader } from './jwt.ts'
export type { Secret } from './key-source.ts'
export type { JwtPayload } from './payload.ts'
export type { SignCallback } from './sign.ts'
export type { SignOptions } from './sign-options.ts'
export type { GetPublicKeyOrSecret, SigningKeyCallback, VerifyCallback, VerifyErrors } from './verify.ts'
export type { VerifyOptions } from './verify-options.ts'
export { decode, JsonWebTokenError, NotBeforeError, promises, sign, TokenExpiredError, verify }

/** What `import jwt from` and `require` give: an object of the functions, which tests can replace. */
const jwt: {
  decode: typeof decode
  sign: typeof sign
  verify: typeof verify
  promises: typeof promises
  JsonWebTokenError: typeof JsonWebTokenError
  NotBeforeError: typeof NotBeforeError
  TokenExpiredError: typeof TokenExpiredError
} = { decode, sign, verify, promises, JsonWebTokenError, NotBeforeError, TokenExpiredError }

// biome-ignore lint/style/noDefaultExport: programs written for jsonwebtoken import its default.
export { jwt as default, jwt as 'module.exports' }
