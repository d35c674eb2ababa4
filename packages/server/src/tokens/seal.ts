/**
 * Seals private keys and peppers with the master key before they reach the database:
 *
 *   format 1 ‖ master key id 4 ‖ nonce 12 ‖ AES-256-GCM ciphertext ‖ tag 16
 *
 * The key is HKDF-SHA256(master key), and the additional data is the name under which the secret is stored, so that a
 * sealed value moved to another row does not open. The master key's id tells a wrong master key from a damaged row.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const format = 1
const headLength = 1 + 4 + 12
const tagLength = 16

/** Seals and opens what only this installation may read. */
export interface Seal {
  /** Seals a secret under the name of its row. */
  seal(secret: Uint8Array, name: string): Uint8Array
  /** Opens what `seal` made under the same name. @throws Error that names the row and what to mend. */
  open(sealed: Uint8Array, name: string): Uint8Array
  /** Names a secret, as a `kid`, in a way that cannot be searched for without the master key (RFC 7638 §7). */
  nameOf(secret: Uint8Array): string
}

/** Makes a seal of a 32-byte master key. */
export function createSeal(masterKey: Uint8Array): Seal {
  const key = derive(masterKey, 'countersign seal key', 32)
  const namingKey = derive(masterKey, 'countersign secret names', 32)
  const keyId = derive(masterKey, 'countersign seal key id', 4)

  function seal(secret: Uint8Array, name: string): Uint8Array {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength }).setAAD(Buffer.from(name))
    return Buffer.concat([
      Buffer.from([format]),
      keyId,
      nonce,
      cipher.update(secret),
      cipher.final(),
      cipher.getAuthTag(),
    ])
  }

  function open(sealed: Uint8Array, name: string): Uint8Array {
    const bytes = Buffer.from(sealed)
    if (bytes.length < headLength + tagLength || bytes[0] !== format)
      throw new Error(`${name} in the database is damaged`)
    if (!bytes.subarray(1, 5).equals(keyId)) {
      throw new Error(
        `${name} in the database was sealed with another master key: start with that COUNTERSIGN_MASTER_KEY`,
      )
    }
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(5, headLength), { authTagLength: tagLength })
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-tagLength))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headLength, -tagLength)), decipher.final()])
    } catch {
      throw new Error(`${name} in the database is damaged`)
    }
  }

  function nameOf(secret: Uint8Array): string {
    return createHmac('sha256', namingKey).update(secret).digest().subarray(0, 12).toString('base64url')
  }

  return { seal, open, nameOf }
}

function derive(masterKey: Uint8Array, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(0), purpose, length))
}
