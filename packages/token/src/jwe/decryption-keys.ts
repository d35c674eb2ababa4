/**
 * Owns the choice of the key that decrypts: by the algorithms that the key is bound to, by its curve and by its exact
 * `kid`, from keys that the program chose. The rules for `kid` are those of signatures (RFC 7516 §5.2 step 7).
 */
import type { OptionProblems } from '../option-problems.ts'
import { TokenError } from '../token-error.ts'
import type { KeyManagementAlgorithm } from './encryption-algorithm.ts'
import { type EncryptionKey, getEncryptionKeyMaterial, isEncryptionKey } from './encryption-key.ts'
import type { JweHeader } from './jwe-header.ts'

/** Keys to decrypt with: one, or several. */
export type DecryptionKeys = EncryptionKey | readonly EncryptionKey[]

const MAX_UNNAMED = 4

/** Finds the keys that fit a header. @throws TokenError key_not_found, key_ambiguous */
export function findDecryptionKeys(keys: readonly EncryptionKey[], header: JweHeader): readonly EncryptionKey[] {
  const { alg, kid } = header
  const fitting = keys.filter((key) => fits(key, header))
  const named = kid === undefined ? [] : fitting.filter((key) => key.kid === kid)
  if (named.length > 0) return named

  const unnamed = kid === undefined ? fitting : fitting.filter((key) => key.kid === undefined)
  if (unnamed.length === 0) {
    const detail = kid === undefined ? { claim: 'alg', received: alg } : { claim: 'kid', received: kid }
    throw new TokenError('key_not_found', 'No key has the algorithm and the key id (kid) of the token.', detail)
  }
  if (unnamed.length > MAX_UNNAMED) {
    const message = `Neither the token nor a key id (kid) tells which key to use, and more than ${MAX_UNNAMED} fit.`
    throw new TokenError('key_ambiguous', message, { claim: 'kid' })
  }
  return unnamed
}

function fits(key: EncryptionKey, { alg, enc, epk }: JweHeader): boolean {
  const { crv } = getEncryptionKeyMaterial(key)
  return key.alg === alg && (key.enc === undefined || key.enc === enc) && (crv === undefined || crv === epk?.crv)
}

/** Reads the keys that were given as an option into those that can decrypt by one of the algorithms. */
export function readDecryptionKeys(
  keys: unknown,
  algorithms: readonly KeyManagementAlgorithm[],
  problems: OptionProblems,
): readonly EncryptionKey[] {
  const given: unknown[] = Array.isArray(keys) ? keys : [keys]
  if (given.length === 0 || !given.every(isEncryptionKey)) {
    problems.add('keys', 'give a key made by importEncryptionKey or generateEncryptionKey, or an array of them')
    return []
  }
  const usable = given.filter((key) => algorithms.includes(key.alg))
  problems.require(
    usable.length > 0 || algorithms.length === 0,
    'keys',
    `give a key for ${algorithms.join(' or ')}: those given are for ${given.map(({ alg }) => alg).join(', ')}`,
  )
  problems.require(
    usable.every((key) => getEncryptionKeyMaterial(key).decryption !== undefined),
    'keys',
    'give private keys or secrets: a public key cannot decrypt',
  )
  const named = usable.filter(({ kid }) => kid !== undefined).map(({ alg, enc, kid }) => `${alg} ${enc} ${kid}`)
  problems.require(
    new Set(named).size === named.length,
    'keys',
    'give each key once, and another kid to each of two that differ',
  )
  return usable
}
