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
import type { JwkSet } from './jwk.ts'
import { importJwkSet } from './jwk-set.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import type { OptionProblems } from './option-problems.ts'
import type { ProtectedHeader } from './protected-header.ts'
import { TokenError } from './token-error.ts'

/** Keys at hand: a key, several, or a JWK Set. */
export type LocalKeys = Key | readonly Key[] | JwkSet

/**
 * Finds the keys that a token may have been signed with; called before anything about the token is proven.
 *
 * Look `kid` up in a map. Never make a path, a query or a URL of it, and never fetch what the header points to.
 */
export type KeyResolver = (header: ProtectedHeader) => ResolvedKeys | Promise<ResolvedKeys>

/** What a `KeyResolver` finds. */
export type ResolvedKeys = Key | readonly Key[] | undefined

const MAX_UNNAMED = 4

/** Finds the keys that fit a header (RFC 7515 §6). @throws TokenError key_not_found, key_ambiguous */
export function findCandidates(keys: readonly Key[], { alg, kid }: ProtectedHeader): readonly Key[] {
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

/** Turns what a resolver found into a list. @throws TypeError if it found something else than keys */
export function toKeys(found: ResolvedKeys): readonly Key[] {
  const keys = found === undefined ? [] : Array.isArray(found) ? (found as readonly Key[]) : [found as Key]
  if (!keys.every(isKey)) throw new TypeError('keys: the resolver returns a Key, an array of them, or undefined.')
  return keys
}

/** Reads the keys that were given as an option into those that can verify one of the algorithms. */
export function readLocalKeys(
  keys: unknown,
  algorithms: readonly Algorithm[],
  problems: OptionProblems,
): readonly Key[] {
  const given = readKeys(keys, algorithms, problems)
  const usable = given.filter((key) => algorithms.includes(key.alg) && getKeyMaterial(key).verification !== undefined)
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

function readKeys(keys: unknown, algorithms: readonly Algorithm[], problems: OptionProblems): readonly Key[] {
  if (isKey(keys)) return [keys]
  if (Array.isArray(keys) && keys.length > 0 && keys.every(isKey)) return keys
  if (typeof keys !== 'object' || keys === null || !('keys' in keys) || !Array.isArray(keys.keys)) {
    problems.add('keys', 'give a key made by importKey, an array of them, a JWK Set, or a function that finds them')
    return []
  }
  const imported = importJwkSet(keys, { algorithms })
  if (imported.keys.length === 0) {
    const reasons = imported.skipped.map(({ index, reason }) => `keys.keys[${index}]: ${reason}`)
    problems.add('keys', ['give a JWK Set that holds a usable public key', ...reasons].join('; '))
  }
  return imported.keys
}
