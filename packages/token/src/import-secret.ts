/**
 * Owns what bytes must be before they become an HMAC secret: long enough, and not a key of another kind. A public key
 * taken for a secret would let anyone who knows it sign (RFC 8725 §2.1).
 */
import { createPrivateKey, createPublicKey, createSecretKey, X509Certificate } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import { createHmacKey } from './create-key.ts'
import type { Key } from './key.ts'

/**
 * Imports bytes as the secret of one HMAC algorithm (RFC 7518 §3.2).
 *
 * @throws TypeError if they are short, or a key of another kind
 */
export function importSecret(
  bytes: Uint8Array,
  alg: Algorithm,
  kid: string | undefined,
  may: { sign: boolean; verify: boolean } = { sign: true, verify: true },
): Key {
  const secret = Buffer.from(bytes)
  if (isKeyText(secret.toString('latin1')) || isDerKey(secret)) {
    throw new TypeError(
      'A public key, a private key or a certificate cannot be a secret (RFC 8725 §2.1): import it as PEM or JWK.',
    )
  }
  return createHmacKey(createSecretKey(secret), alg, kid, may)
}

function isKeyText(text: string): boolean {
  const unspaced = text.replaceAll(/\s/g, '')
  return (
    /-----BEGIN [A-Z0-9 ]+-----/.test(text) ||
    /^\s*(?:ssh-|ecdsa-sha2-|sk-)\S+ AAAA/.test(text) ||
    unspaced.includes('"kty":') ||
    (/^[A-Za-z0-9+/_-]+=*$/.test(unspaced) && isDerKey(Buffer.from(unspaced, 'base64'))) ||
    (/^[A-Fa-f0-9]+$/.test(unspaced) && isDerKey(Buffer.from(unspaced, 'hex')))
  )
}

function isDerKey(bytes: Buffer): boolean {
  const DER_SEQUENCE = 0x30
  return bytes[0] === DER_SEQUENCE && DER_READERS.some((read) => succeeds(() => read(bytes)))
}

const DER_READERS: readonly ((key: Buffer) => unknown)[] = [
  (key) => createPublicKey({ key, format: 'der', type: 'spki' }),
  (key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  (key) => createPrivateKey({ key, format: 'der', type: 'sec1' }),
  (key) => new X509Certificate(key),
]

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
