/**
 * Owns the choice of the key: by the algorithm that the key is bound to and by its exact `kid`, from keys that the
 * program chose (RFC 7515 §6, RFC 8725 §3.1). Three rules follow from `kid`:
 * - a token that names a `kid` is tried with the key of that name and no other;
 * - if no key has that name, it is tried with the keys that have no name at all: secrets imported without one, whose
 *   issuer may well name them;
 * - a token that names none is tried with each key of its algorithm.
 * By the last two at most four keys are tried, so that a secret can be replaced; each further key would be work that a
 * stranger can ask for.
 */
import type { Algorithm } from './algorithm.ts'
import type { BoundKey } from './bound-key.ts'
import type { JwkSet } from './jwk.ts'
import type { ImportedJwkSet } from './jwk-set-members.ts'
import type { OptionProblems } from './option-problems.ts'
import type { ProtectedHeader } from './protected-header.ts'
import { TokenError } from './token-error.ts'

/** Keys at hand: a key, several, or a JWK Set. */
export type LocalKeysOf<Key> = Key | readonly Key[] | JwkSet

/**
 * Finds the keys that a token may have been signed with; called before anything about the token is proven.
 *
 * Look `kid` up in a map. Never make a path, a query or a URL of it, and never fetch what the header points to.
 */
export type KeyResolverOf<Key> = (header: ProtectedHeader) => ResolvedKeysOf<Key> | Promise<ResolvedKeysOf<Key>>

/** What a key resolver finds. */
export type ResolvedKeysOf<Key> = Key | readonly Key[] | undefined

const MAX_UNNAMED = 4

/** Finds the keys that fit a header (RFC 7515 §6). @throws TokenError key_not_found, key_ambiguous */
export function findCandidates<Key extends BoundKey>(
  keys: readonly Key[],
  { alg, kid }: ProtectedHeader,
): readonly Key[] {
  const ofAlgorithm = keys.filter((key) => key.alg === alg)
  const named = kid === undefined ? [] : ofAlgorithm.filter((key) => key.kid === kid)
  if (named.length > 0) return named

  const unnamed = kid === undefined ? ofAlgorithm : ofAlgorithm.filter((key) => key.kid === undefined)
  if (unnamed.length === 0) {
    const detail = kid === undefined ? { claim: 'alg', received: alg } : { claim: 'kid', received: kid }
    throw new TokenError('key_not_found', 'No key has the algorithm and the key id (kid) of the token.', detail)
  }
  if (unnamed.length > MAX_UNNAMED) {
    throw new TokenError(
      'key_ambiguous',
      `Neither the token nor a key id (kid) tells which key to use, and more than ${MAX_UNNAMED} fit.`,
      { claim: 'kid' },
    )
  }
  return unnamed
}

/** Says that none of the candidates made the signature (RFC 7515 §5.2 step 8). @throws TokenError signature_invalid */
export function refuseSignature(): never {
  throw new TokenError('signature_invalid', 'The signature of the token does not hold.')
}

/** Turns what a resolver found into a list. @throws TypeError if it found something else than keys */
export function toKeyList<Key>(found: ResolvedKeysOf<Key>, isKey: (value: unknown) => value is Key): readonly Key[] {
  const keys: readonly unknown[] = found === undefined ? [] : Array.isArray(found) ? found : [found]
  if (!keys.every(isKey)) throw new TypeError('keys: the resolver returns a Key, an array of them, or undefined.')
  return keys
}

/** Reads keys that were given as an option and are no JWK Set. */
export function readKeyList<Key>(
  keys: unknown,
  isKey: (value: unknown) => value is Key,
  problems: OptionProblems,
): readonly Key[] {
  if (isKey(keys)) return [keys]
  if (Array.isArray(keys) && keys.length > 0 && keys.every(isKey)) return keys
  problems.add('keys', 'give a key made by importKey, an array of them, a JWK Set, or a function that finds them')
  return []
}

/** Takes the keys of a set that was given as an option, and says why there are none. */
export function takeImportedKeys<Key>(
  { keys, skipped }: ImportedJwkSet<Key>,
  problems: OptionProblems,
): readonly Key[] {
  if (keys.length === 0) {
    const reasons = skipped.map(({ index, reason }) => `keys.keys[${index}]: ${reason}`)
    problems.add('keys', ['give a JWK Set that holds a usable public key', ...reasons].join('; '))
  }
  return keys
}

/** Selects the keys that can verify one of the algorithms. */
export function selectUsable<Key extends BoundKey>(
  given: readonly Key[],
  algorithms: readonly Algorithm[],
  canVerify: (key: Key) => boolean,
  problems: OptionProblems,
): readonly Key[] {
  const usable = given.filter((key) => algorithms.includes(key.alg) && canVerify(key))
  if (given.length > 0 && usable.length === 0 && algorithms.length > 0) {
    problems.add(
      'keys',
      `give a key for ${algorithms.join(' or ')}: those given are for ${given.map((key) => key.alg).join(', ')} or may not verify`,
    )
  }
  const named = usable.filter((key) => key.kid !== undefined).map((key) => `${key.alg} ${key.kid}`)
  problems.require(
    new Set(named).size === named.length,
    'keys',
    'give each key once, and another kid to each of two that differ',
  )
  return usable
}
