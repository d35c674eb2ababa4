/**
 * Session tokens: `st1.` and 32 random bytes. They say nothing and prove nothing; the store knows them by their SHA-256, and is
 * asked at every request. So a logout is seen by the next one.
 */
import { hash } from 'node:crypto'

const pattern = /^st1\.[A-Za-z0-9_-]{43}$/

/** Length of the random part, bytes. */
export const sessionSecretLength = 32

/** Writes a session token. */
export function encodeSessionToken(secret: Uint8Array): string {
  return `st1.${Buffer.from(secret).toString('base64url')}`
}

/** Tells whether a text has the form of a session token, which says nothing about its truth. */
export function looksLikeSessionToken(text: string): boolean {
  return pattern.test(text)
}

/** Eight characters that name a session in its cookies; the sid itself is in access tokens, and nobody needs it here. */
export function shortName(sid: string): string {
  return hash('sha256', sid, 'base64url').slice(0, 8)
}

/** The name under which a store finds the session of a session token. */
export function hashSessionToken(token: string): Uint8Array {
  return hash('sha256', token, 'buffer')
}
