/**
 * What the life of signing keys and peppers asks of a database.
 *
 * What a key is at a moment is a function of its times and the database's clock (tokens/key-ring.ts), so that servers agree on it without
 * a word. Each change raises the version of the keys, which every transition that allows a token answers with: whoever holds keys of
 * another version reads them anew before it signs.
 */
import type { Act } from './revocation-store.ts'

/** A private key, sealed with the master key. */
export interface SealedKey {
  readonly kid: string
  readonly alg: string
  readonly sealed: Uint8Array
  readonly createdAt: number
}

/** When a key is what. All times are epoch milliseconds of the store's clock. */
export interface KeyTimes {
  readonly createdAt: number
  /** From then on it signs. */
  readonly activateAt: number
  /** From then on its successor signs; `null` while there is none. */
  readonly retireAt: number | null
  readonly revokedAt: number | null
}

/** A signing key with its times. */
export interface SigningKey extends SealedKey, KeyTimes {}

/** What may be told of a signing key, one that is gone too. */
export interface SigningKeyRecord extends KeyTimes {
  readonly kid: string
  readonly alg: string
}

export interface SealedPepper {
  readonly id: number
  readonly sealed: Uint8Array
  readonly createdAt: number
}

/** When the next key takes over. */
export interface RotationPlan {
  /** How long a key signs, milliseconds. */
  readonly rotationPeriod: number
  /** How long it is published before, at least, milliseconds. */
  readonly publishAhead: number
  /** Whether a pending key of another algorithm gives way to this one. */
  readonly changesAlgorithm: boolean
}

export type KeyRotation =
  | { readonly outcome: 'rotated'; readonly kid: string; readonly activateAt: number }
  | { readonly outcome: 'none_pending' }

/** What is sealed anew, if it is still what was opened. */
export interface Resealing {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

export interface KeyStore {
  /** Lists the keys whose private half is kept and that are not revoked, in the order in which they sign. */
  listSigningKeys(): Promise<readonly SigningKey[]>
  /** Lists every signing key that there has been, in the order in which they sign. */
  listSigningKeyRecords(): Promise<readonly SigningKeyRecord[]>
  /**
   * Keeps a new key: it signs at once if none does; it is pending, and the present one's end is set, if none is pending.
   * Of several servers that find a key missing one has its key kept.
   */
  addSigningKey(key: SealedKey, plan: RotationPlan): Promise<{ outcome: 'active' | 'pending' | 'not_needed' }>
  /** Lets the pending key take over now, or as soon as it has been published for so long, milliseconds. */
  rotateSigningKeys(publishAhead: number, act: Act): Promise<KeyRotation>
  /** Forgets the private halves of keys that retired so long ago, milliseconds, and a day: the clock may have been wrong. */
  destroySigningKeys(retention: number): Promise<void>
  resealSigningKey(kid: string, change: Resealing): Promise<void>

  /** Revokes every signing key, forgets every pepper and ends everything that was issued: what is sealed can be opened by nobody any more. */
  abandonKeys(act: Act): Promise<void>

  listPeppers(): Promise<readonly SealedPepper[]>
  /** Keeps a new pepper unless its id is taken. An operator's act is kept in the audit table. */
  addPepper(pepper: SealedPepper, act?: Act): Promise<{ outcome: 'added' | 'taken' }>
  resealPepper(id: number, change: Resealing): Promise<void>
}
