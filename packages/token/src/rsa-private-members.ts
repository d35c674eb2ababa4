import { decodeBase64url } from './base64url.ts'
import { toBigInt } from './bytes.ts'
import type { Jwk } from './jwk.ts'

/**
 * Checks that the private members of an RSA key belong to its public ones (RFC 8017 §3.2).
 *
 * A trial signature alone does not show it: `d` is not used where the primes are, and a wrong `dp` or `dq` can give
 * signatures from which the key is computed.
 *
 * @throws TypeError if they do not
 */
export function checkRsaPrivateMembers(jwk: Jwk): void {
  const read = (member: string | undefined): bigint => toBigInt(decodeBase64url(member ?? '') ?? new Uint8Array())
  const [n, e, d, p, q] = [read(jwk.n), read(jwk.e), read(jwk.d), read(jwk.p), read(jwk.q)]
  const sound =
    p > 1n &&
    q > 1n &&
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    read(jwk.dp) === d % (p - 1n) &&
    read(jwk.dq) === d % (q - 1n) &&
    (read(jwk.qi) * q) % p === 1n
  if (!sound) throw new TypeError('The private members of the RSA key do not belong to its modulus and exponent.')
}
