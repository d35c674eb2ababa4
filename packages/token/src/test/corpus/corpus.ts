/**
 * The corpus: hostile tokens and keys, each refused with its code, and unusual tokens, each accepted. Every published
 * attack on JWS and on the claims of a JWT has a category, and no category is empty.
 */
import type { Entry } from './corpus-entry.ts'
import { HOSTILE_CLAIMS } from './hostile-claims.ts'
import { HOSTILE_FORMS } from './hostile-forms.ts'
import { HOSTILE_SIGNATURES } from './hostile-signatures.ts'

export { HOSTILE_KEYS } from './hostile-keys.ts'
export { UNUSUAL_TOKENS } from './unusual-tokens.ts'

/** Every token that is refused. */
export const HOSTILE_TOKENS: readonly Entry[] = [...HOSTILE_SIGNATURES, ...HOSTILE_FORMS, ...HOSTILE_CLAIMS]

/** The published attacks, less those on what a verifier keeps from one token to the next, which have tests of their own. */
