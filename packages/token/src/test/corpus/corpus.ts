/**
 * The corpus: hostile tokens and keys, each refused with its code, and unusual tokens, each accepted. Every published
 * attack on JWS and on the claims of a JWT has a category, and no category is empty.
 */
import type { Entry } from './corpus-entry.ts'
import { HOSTILE_CLAIMS } from './hostile-claims.ts'
import { HOSTILE_FORMS } from './hostile-forms.ts'
import { type HostileKey, HOSTILE_KEYS as OTHER_HOSTILE_KEYS } from './hostile-keys.ts'
import { HOSTILE_ML_DSA_KEYS, HOSTILE_ML_DSA_TOKENS } from './hostile-ml-dsa.ts'
import { HOSTILE_SIGNATURES } from './hostile-signatures.ts'

export { UNUSUAL_TOKENS } from './unusual-tokens.ts'

/** Every token that is refused. */
export const HOSTILE_TOKENS: readonly Entry[] = [
  HOSTILE_SIGNATURES,
  HOSTILE_ML_DSA_TOKENS,
  HOSTILE_FORMS,
  HOSTILE_CLAIMS,
].flat()

/** Every key that is refused. */
export const HOSTILE_KEYS: readonly HostileKey[] = [...OTHER_HOSTILE_KEYS, ...HOSTILE_ML_DSA_KEYS]
