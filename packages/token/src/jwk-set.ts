import { exportPublicJwk } from './export-key.ts'
import { importKey } from './import-key.ts'
import type { PublicJwk } from './jwk.ts'
import {
  addToSet,
  describeSkipped,
  type ImportedJwkSet as ImportedSet,
  type ImportJwkSetOptions,
  listMembers,
  type SkippedJwk,
  toJwkSet,
  toPublicMember,
} from './jwk-set-members.ts'
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
 * types, weak or misshapen keys, and the second of two with the same `kid` and algorithm.
 *
 * @example const { keys, skipped } = importJwkSet(await response.json(), { algorithms: ['RS256'] })
 * @throws TypeError if the value is not a JWK Set at all
 */
export function importJwkSet(set: unknown, options: ImportJwkSetOptions = {}): ImportedJwkSet {
  const keys: Key[] = []
  const skipped: SkippedJwk[] = []
  for (const [index, jwk] of listMembers(set).entries()) {
    try {
      addToSet(keys, importKey(toPublicMember(jwk, options.algorithms)))
    } catch (error) {
      skipped.push(describeSkipped(index, jwk, error))
    }
  }
  return { keys, skipped }
}
