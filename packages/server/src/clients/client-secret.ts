/**
 * The secrets of clients: 32 random bytes, of which the store keeps the SHA-256. Such a secret cannot be searched for, so that a slow
 * hash would only cost time.
 */
import { createHash } from 'node:crypto'

/** Makes a secret for a new client, shown once. */
export function makeClientSecret(random: (length: number) => Uint8Array): string {
  return `cs1_${Buffer.from(random(32)).toString('base64url')}`
}

/** Hashes a secret for the store, or for a comparison with what it keeps. */
export function hashClientSecret(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
