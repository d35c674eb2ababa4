/**
 * Seals private keys and peppers with the master key before they reach the database:
 *
 *   format 1 ‖ master key id 4 ‖ nonce 12 ‖ AES-256-GCM ciphertext ‖ tag 16
 *
 * The key is HKDF-SHA256(master key), and the additional data is the name under which the secret is stored, so that a
 * sealed value moved to another row does not open. The master key's id tells a wrong master key from a damaged row, and, while one
 * master key replaces another, with which of the two a row was sealed.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const format = 1
const headLength = 1 + 4 + 12
const tagLength = 16

/** Seals and opens what only this installation may read. */
export interface Seal {
  /** Seals a secret under the name of its row, with the present master key. */
  seal(secret: Uint8Array, name: string): Uint8Array
  /** Opens what `seal` made under the same name. @throws Error that names the row and what to mend. */
  open(sealed: Uint8Array, name: string): Uint8Array
  /** Tells whether something was sealed with the present master key. */
  isPresent(sealed: Uint8Array): boolean
  /**
   * Names a secret, as a `kid`, in a way that cannot be searched for without the master key (RFC 7638 §7). The second name, while a
   * master key is being replaced, is that of the previous one.
   */
  namesOf(secret: Uint8Array): readonly [string, ...string[]]
}

/** What is derived from one master key. */
interface SealingKey {
  readonly id: Buffer
  readonly key: Uint8Array
  readonly namingKey: Uint8Array
}

/** Makes a seal of a 32-byte master key; a previous one still opens what it sealed. */
export function createSeal(masterKey: Uint8Array, previousMasterKey?: Uint8Array): Seal {
  const present = sealingKey(masterKey)
  const all = [present, ...(previousMasterKey === undefined ? [] : [sealingKey(previousMasterKey)])]

  function seal(secret: Uint8Array, name: string): Uint8Array {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', present.key, nonce, { authTagLength: tagLength })
    cipher.setAAD(Buffer.from(name))
    const text = [cipher.update(secret), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat([Buffer.from([format]), present.id, nonce, ...text])
  }

  function open(sealed: Uint8Array, name: string): Uint8Array {
    const bytes = Buffer.from(sealed)
    if (bytes.length < headLength + tagLength || bytes[0] !== format)
      throw new Error(`${name} in the database is damaged`)
    const sealing = all.find(({ id }) => id.equals(idIn(bytes)))
    if (sealing === undefined) {
      throw new Error(
        `${name} in the database was sealed with another master key: start with that COUNTERSIGN_MASTER_KEY, or name it in COUNTERSIGN_PREVIOUS_MASTER_KEY`,
      )
    }
    const nonce = bytes.subarray(5, headLength)
    const decipher = createDecipheriv('aes-256-gcm', sealing.key, nonce, { authTagLength: tagLength })
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-tagLength))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headLength, -tagLength)), decipher.final()])
    } catch {
      throw new Error(`${name} in the database is damaged`)
    }
  }

  function namesOf(secret: Uint8Array): [string, ...string[]] {
    const nameBy = ({ namingKey }: SealingKey) =>
      createHmac('sha256', namingKey).update(secret).digest().subarray(0, 12).toString('base64url')
    return [nameBy(present), ...all.slice(1).map(nameBy)]
  }

  return { seal, open, namesOf, isPresent: (sealed) => present.id.equals(idIn(sealed)) }
}

function sealingKey(masterKey: Uint8Array): SealingKey {
  return {
    id: Buffer.from(derive(masterKey, 'countersign seal key id', 4)),
    key: derive(masterKey, 'countersign seal key', 32),
    namingKey: derive(masterKey, 'countersign secret names', 32),
  }
}

function idIn(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(1, 5)
}

function derive(masterKey: Uint8Array, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(0), purpose, length))
}
