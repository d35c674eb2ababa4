import { createSecretKey } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import type { KeyUse } from './bound-key.ts'
import { createHmacKey } from './create-key.ts'
import { refuseForeignKey } from './foreign-key.ts'
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
  use: KeyUse = { sign: true, verify: true },
): Key {
  // A copy, so that what was checked is what becomes the key.
  const secret = new Uint8Array(bytes)
  refuseForeignKey(secret)
  return createHmacKey(createSecretKey(secret), alg, kid, use)
}
