/**
 * Owns what a `kid` may look like, in a key and in a header: a name that is compared, never a path, a query or a URL to
 * fetch (RFC 7515 §4.1.4, RFC 8725 §3.10).
 */

const MAX_LENGTH = 128
/** Wide enough for thumbprint URIs, DID URLs, base64 and e-mail shaped names, which large issuers use. */
const CHARACTERS = /^[A-Za-z0-9._~+/=:@#-]+$/

/** Tells whether a value can be a key id (RFC 7515 §4.1.4). */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LENGTH && CHARACTERS.test(value) && !value.includes('..')
}

/** Says what a key id may be. */
export const KEY_ID_RULE: string = `at most ${MAX_LENGTH} letters, digits and ._~+/=:@#- without two dots in a row`

/** Checks the key id of a key that is made, if it has one. @throws TypeError */
export function checkKeyId(kid: string | undefined): void {
  if (kid !== undefined && !isKeyId(kid)) throw new TypeError(`kid: give ${KEY_ID_RULE}.`)
}
