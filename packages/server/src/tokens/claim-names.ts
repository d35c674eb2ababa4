/** Names of claims that an application cannot set, or must mean to. */

/** Claims that this server sets or judges by (RFC 7519 §4.1, RFC 9068 §2.2, RFC 8693 §4, RFC 7800 §3.1, OpenID Connect Core §2). */
export const registeredClaims: ReadonlySet<string> = new Set(
  (
    'iss sub aud exp nbf iat jti client_id scope sid roles auth_time amr acr cnf act may_act azp nonce at_hash c_hash s_hash ' +
    'events toe txn token_introspection sub_id sub_jwk groups entitlements'
  ).split(' '),
)

/** Claims that are data about a person (OpenID Connect Core §5.1): access tokens are read by many and logged by some. */
const personalClaims: ReadonlySet<string> = new Set(
  (
    'name given_name family_name middle_name nickname preferred_username profile picture website email email_verified gender ' +
    'birthdate zoneinfo locale phone_number phone_number_verified address updated_at'
  ).split(' '),
)

/** @throws TypeError when a claim has a name that an application cannot set, or has not said it means to. */
export function assertClaimNames(claims: Readonly<Record<string, unknown>>, allowed: ReadonlySet<string>): void {
  for (const name of Object.keys(claims)) {
    if (registeredClaims.has(name))
      throw new TypeError(`the claim ${name} is set by the server and cannot be overridden`)
    if (name === '__proto__') throw new TypeError('a claim cannot be called __proto__: verifiers refuse such a token')
    if (personalClaims.has(name) && !allowed.has(name)) {
      throw new TypeError(
        `the claim ${name} is personal data, which every reader of an access token would see; allowPersonalClaims permits it`,
      )
    }
  }
}
