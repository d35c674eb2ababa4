/** Owns what a protected route gets to see of an accepted token, and keeps what it was judged by beside it, out of sight. */
import type { Auth } from './auth.ts'
import type { VerifiedToken } from './issuer-settings.ts'

/** Reaches into an accepted token; set by the class. */
let readVerified: (auth: object) => VerifiedToken | undefined

/** A token that was accepted. */
export class AcceptedToken<Claims> implements Auth<Claims> {
  readonly claims: Claims
  readonly token: string
  readonly protectedHeader: Auth<Claims>['protectedHeader']
  readonly #verified: VerifiedToken

  constructor(token: string, verified: VerifiedToken) {
    this.claims = verified.claims as Claims
    this.token = token
    this.protectedHeader = verified.protectedHeader
    this.#verified = verified
  }

  static {
    readVerified = (auth) => (#verified in auth ? auth.#verified : undefined)
  }
}

/** Gets what an accepted token was judged by. @throws TypeError for what no protection has accepted */
export function verifiedOf(auth: object): VerifiedToken {
  const verified = readVerified(auth)
  if (verified === undefined) throw new TypeError('auth: give what protect has put there, and no copy of it.')
  return verified
}
