import type { JsonWebKey } from 'node:crypto'

/**
 * Checks that the private members of an RSA key belong to its public ones (RFC 8017 §3.2).
 *
 * A trial signature alone does not show it: `d` is not used where the primes are, and a wrong `dp` or `dq` can give
 * signatures from which the key is computed.
 *
 * @throws TypeError if they do not
 */
export function checkRsaPrivateMembers(jwk: JsonWebKey): void {
  const read = (member: string | undefined): bigint =>
    BigInt(`0x0${Buffer.from(member ?? '', 'base64url').toString('hex')}`)
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
