/** Owns what the thumbprint of a key is the hash of: its required members in their one order (RFC 7638 §3). */
import type { Jwk } from './jwk.ts'

/** The members that make a key what it is, in the order of their names (RFC 7638 §3.2, RFC 8037 §2, RFC 9964 §6). */
const REQUIRED_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** Writes the required members of a JWK (RFC 7638 §3). @throws TypeError if one of them is missing */
export function writeThumbprintInput(jwk: Jwk): string {
  const names = Object.hasOwn(REQUIRED_MEMBERS, jwk.kty ?? '') ? REQUIRED_MEMBERS[jwk.kty ?? ''] : undefined
  if (names === undefined)
    throw new TypeError('A thumbprint is that of a public or private key of type AKP, EC, OKP or RSA.')
  const members = names.map((name): [string, string] => {
    const value = jwk[name]
    if (typeof value !== 'string')
      throw new TypeError(`The JWK has no member ${name}, which its thumbprint is made of.`)
    return [name, value]
  })
  return JSON.stringify(Object.fromEntries(members))
}
