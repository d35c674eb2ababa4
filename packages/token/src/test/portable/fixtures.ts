/** Owns what the portable tests are given by Node, which alone can make tokens and keys of every bad kind. */
import type { Algorithm } from '../../algorithm.ts'
import type { Jwk } from '../../jwk.ts'

/** The kid of every key here that is not a secret. */
export const KID = 'test-key'

/** An honest key for one algorithm; a secret has no public half and no PEM. */
export interface FixtureKey {
  readonly alg: Algorithm
  readonly kid: string | undefined
  readonly privateJwk: Jwk
  readonly publicJwk: Jwk
  readonly privatePem: string | undefined
  readonly publicPem: string | undefined
  /** The private half of another key of the same kind. */
  readonly otherPrivateJwk: Jwk
}

/** A token of the corpus; nothing for `code` if it is accepted. */
export interface FixtureToken {
  readonly title: string
  readonly token: unknown
  readonly code: string | undefined
  /** Options of the verifier, without keys and clock. */
  readonly options: Readonly<Record<string, unknown>>
  /** The keys of the verifier; each says its algorithm. */
  readonly keys: readonly Jwk[]
  /** What the clock tells. */
  readonly now: unknown
}

/** A key of the corpus. */
export interface FixtureHostileKey {
  readonly title: string
  readonly source: unknown
  readonly alg: string
}

/** A PEM text, and what it is to be imported for. */
export interface FixturePem {
  readonly title: string
  readonly pem: string
  readonly alg: Algorithm
}

/** A PEM text that is refused, and words of the reason that all libraries give. */
export interface HostilePem extends FixturePem {
  readonly words: string
}

/** Everything that Node makes for the portable tests. */
export interface Fixtures {
  readonly keys: readonly FixtureKey[]
  readonly tokens: readonly FixtureToken[]
  readonly hostileKeys: readonly FixtureHostileKey[]
  /** PEM of forms that node:crypto reads and Web Crypto does not. */
  readonly otherPems: readonly FixturePem[]
  /** PEM that no library takes for a key of its algorithm. */
  readonly hostilePems: readonly HostilePem[]
  /** Bytes that are a key of another kind, in some form. */
  readonly foreignKeys: readonly { readonly title: string; readonly bytes: Uint8Array }[]
}
