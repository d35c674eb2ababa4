/** Owns the keys that a verifier is given where there is Web Crypto: all of them are found by a function in the end. */
import type { Algorithm } from '../algorithm.ts'
import type { JwkSet } from '../jwk.ts'
import { isJwkSet } from '../jwk-set-members.ts'
import { OptionProblems } from '../option-problems.ts'
import type { ProtectedHeader } from '../protected-header.ts'
import {
  type KeyResolverOf,
  type LocalKeysOf,
  type ResolvedKeysOf,
  readKeyList,
  selectUsable,
  takeImportedKeys,
  toKeyList,
} from '../verification-keys.ts'
import { importJwkSet } from './jwk-set.ts'
import { getKeyMaterial, isKey, type Key } from './key.ts'

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

/** Finds the keys for a header, wherever they come from. */
export type KeyFinder = (header: ProtectedHeader) => readonly Key[] | Promise<readonly Key[]>

/**
 * Reads the keys that were given as an option. A JWK Set is imported from now on, and whoever asks for its keys waits for
 * that; if none of them is usable, each who asks is told so.
 */
export function readKeys(keys: unknown, algorithms: readonly Algorithm[], problems: OptionProblems): KeyFinder {
  if (typeof keys === 'function') {
    const resolve = keys as KeyResolver
    return async (header) => toKeyList(await resolve(header), isKey)
  }
  if (isJwkSet(keys)) {
    const imported = importUsable(keys, algorithms, problems.caller)
    imported.catch(() => {})
    return () => imported
  }
  const usable = selectUsable(readKeyList(keys, isKey, problems), algorithms, canVerify, problems)
  return () => usable
}

async function importUsable(set: JwkSet, algorithms: readonly Algorithm[], caller: string): Promise<readonly Key[]> {
  const problems = new OptionProblems(caller)
  const imported = takeImportedKeys(await importJwkSet(set, { algorithms }), problems)
  const usable = selectUsable(imported, algorithms, canVerify, problems)
  problems.throwIfAny()
  return usable
}

function canVerify(key: Key): boolean {
  return getKeyMaterial(key).verification !== undefined
}
