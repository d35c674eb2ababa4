import type { Algorithm } from './algorithm.ts'

/** Says which half of a key there is. */
export type KeyKind = 'secret' | 'public' | 'private'

/** What a key says of itself, whatever it is made of: it is bound to one algorithm (RFC 8725 §3.1). */
export interface BoundKey {
  readonly alg: Algorithm
  readonly kid: string | undefined
  readonly kind: KeyKind
}

/** What a secret may be used for (RFC 7517 §4.3). */
export interface KeyUse {
  readonly sign: boolean
  readonly verify: boolean
}
