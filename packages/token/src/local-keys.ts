/** Owns the keys that a verifier is given, as they are at hand where there is node:crypto. */
import type { Algorithm } from './algorithm.ts'
import { importJwkSet } from './jwk-set.ts'
import { isJwkSet } from './jwk-set-members.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'
import type { OptionProblems } from './option-problems.ts'
import {
  type KeyResolverOf,
  type LocalKeysOf,
  type ResolvedKeysOf,
  readKeyList,
  selectUsable,
  takeImportedKeys,
  toKeyList,
} from './verification-keys.ts'

/** Keys at hand: a key, several, or a JWK Set. */
export type LocalKeys = LocalKeysOf<Key>

/**
 * Finds the keys that a token may have been signed with; called before anything about the token is proven.
 *
 * Look `kid` up in a map. Never make a path, a query or a URL of it, and never fetch what the header points to.
 */
export type KeyResolver = KeyResolverOf<Key>

/** What a `KeyResolver` finds. */
export type ResolvedKeys = ResolvedKeysOf<Key>

/** Turns what a resolver found into a list. @throws TypeError if it found something else than keys */
export function toKeys(found: ResolvedKeys): readonly Key[] {
  return toKeyList(found, isKey)
}

/** Reads the keys that were given as an option: a resolver, or those that can verify one of the algorithms. */
export function readKeys(
  keys: unknown,
  algorithms: readonly Algorithm[],
  problems: OptionProblems,
): readonly Key[] | KeyResolver {
  if (typeof keys === 'function') return keys as KeyResolver
  const given = isJwkSet(keys)
    ? takeImportedKeys(importJwkSet(keys, { algorithms }), problems)
    : readKeyList(keys, isKey, problems)
  return selectUsable(given, algorithms, (key) => getKeyMaterial(key).verification !== undefined, problems)
}
