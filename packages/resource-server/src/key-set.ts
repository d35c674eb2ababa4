/** Owns the keys that an issuer has at one moment, and where they come from. */
import { type Algorithm, importJwkSet, type LocalKeys, type SkippedJwk } from '#token'

/** The verification keys of one issuer. Another document makes another set, never a change of this one. */
export interface KeySet {
  readonly keys: LocalKeys
}

/** Where the keys of an issuer come from. */
export interface KeySource {
  /** Gets the keys, at once where they are at hand. @throws AccessError keys_unavailable */
  get(): KeySet | Promise<KeySet>
  /** Gets newer keys than those of a set in which a key was missing, or the same set. @throws AccessError keys_unavailable */
  newerThan(set: KeySet): Promise<KeySet>
  /** Asks for the keys anew, without waiting for them. */
  refresh(): void
  /** Stops what goes on in the background. */
  close(): void
}

/** Makes a source of keys that never change; Web Crypto may still be importing them. */
export function createLocalKeys(keys: LocalKeys | Promise<LocalKeys>): KeySource {
  let set: KeySet | Promise<KeySet>
  if (keys instanceof Promise) {
    set = keys.then((imported) => {
      set = { keys: imported }
      return set
    })
    set.catch(() => undefined)
  } else {
    set = { keys }
  }
  return { get: () => set, newerThan: async () => set, refresh: () => undefined, close: () => undefined }
}

/** What a key is for that does not say it, where the program does not say it either (RFC 9068 §2.1, RFC 7518 §3.4). */
const ASSUMED_ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/**
 * Imports the usable keys of a JWK Set (RFC 7517 §5).
 *
 * @param algorithms those that are accepted; without them a key that lacks `alg` is for the usual one of its type
 * @throws TypeError if it is no JWK Set
 */
export async function importKeySet(
  document: unknown,
  algorithms: readonly Algorithm[] | undefined,
): Promise<{ readonly set: KeySet; readonly skipped: readonly SkippedJwk[] }> {
  // Web Crypto imports keys later, node:crypto at once.
  const imported = await (algorithms === undefined
    ? importJwkSet(assumeAlgorithms(document))
    : importJwkSet(document, { algorithms }))
  return { set: { keys: imported.keys }, skipped: imported.skipped }
}

function assumeAlgorithms(document: unknown): unknown {
  if (!isObject(document) || !Array.isArray(document.keys)) return document
  return { keys: document.keys.map(assumeAlgorithm) }
}

function assumeAlgorithm(jwk: unknown): unknown {
  if (!isObject(jwk) || jwk.alg !== undefined) return jwk
  const type = String(jwk.kty === 'RSA' ? 'RSA' : jwk.crv)
  return Object.hasOwn(ASSUMED_ALGORITHMS, type) ? { ...jwk, alg: ASSUMED_ALGORITHMS[type] } : jwk
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
