import type { PublicJwk } from '../jwk.ts'
import {
  addToSet,
  describeSkipped,
  type ImportedJwkSet as ImportedSet,
  type ImportJwkSetOptions,
  listMembers,
  type SkippedJwk,
  toJwkSet,
  toPublicMember,
} from '../jwk-set-members.ts'
import { exportPublicJwk } from './export-key.ts'
import { importKey } from './import-key.ts'
import type { Key } from './key.ts'

/** What `importJwkSet` made of a set. */
export type ImportedJwkSet = ImportedSet<Key>

/**
 * Exports the public halves of keys as a JWK Set (RFC 7517 §5).
 *
 * @example const jwks = exportJwkSet([current, next])
 * @throws TypeError for a secret, and for two keys with one `kid`
 */
export function exportJwkSet(keys: readonly Key[]): { readonly keys: readonly PublicJwk[] } {
  return toJwkSet(keys.map(exportPublicJwk))
}

/**
 * Imports the public keys of a JWK Set for verification (RFC 7517 §5).
 *
 * A member that cannot be used is skipped and does not spoil the others: secrets, private keys, other uses, unknown
 * types, algorithms that this runtime has not got, weak or misshapen keys, and the second of two with the same `kid` and
 * algorithm.
 *
 * @example const { keys, skipped } = await importJwkSet(await response.json(), { algorithms: ['RS256'] })
 * @throws TypeError if the value is not a JWK Set at all
 */
export async function importJwkSet(set: unknown, options: ImportJwkSetOptions = {}): Promise<ImportedJwkSet> {
  const members = [...listMembers(set)]
  // All of them are read now, so that later changes to the set change nothing.
  const imports = members.map(async (jwk) => importKey(toPublicMember(jwk, options.algorithms)))
  const keys: Key[] = []
  const skipped: SkippedJwk[] = []
  for (const [index, outcome] of (await Promise.allSettled(imports)).entries()) {
    try {
      if (outcome.status === 'rejected') throw outcome.reason
      addToSet(keys, outcome.value)
    } catch (error) {
      skipped.push(describeSkipped(index, members[index], error))
    }
  }
  return { keys, skipped }
}
