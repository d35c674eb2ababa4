/** Owns the options of `verifyCompact`, which are those of a verifier that reads no claims. */
import type { Algorithm } from './algorithm.ts'
import type { CompactJwsRules } from './compact-jws.ts'
import { OptionProblems } from './option-problems.ts'
import { type KeysReader, readAlgorithms, readMaxTokenLength } from './verifier-options.ts'

/** What `verifyCompact` is told. */
export interface VerifyCompactOptionsOf<Keys> {
  /** A key, several, a JWK Set, or a function that finds them. Import a JWK Set once if it is used often. */
  readonly keys: Keys
  /** The algorithms that are accepted (RFC 8725 §3.1). */
  readonly algorithms: readonly Algorithm[]
  /**
   * The longest JWS that is looked at, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number
}

/** Reads the options of `verifyCompact`. @throws TypeError that lists every bad option with its mend */
export function readVerifyCompactOptions<Keys>(
  options: VerifyCompactOptionsOf<unknown>,
  readKeys: KeysReader<Keys>,
): CompactJwsRules & { readonly keys: Keys } {
  const problems = new OptionProblems('verifyCompact')
  problems.requireKnown(options, ['keys', 'algorithms', 'maxTokenLength'])
  const algorithms = readAlgorithms(options.algorithms, problems)
  const maxTokenLength = readMaxTokenLength(options.maxTokenLength, problems)
  const keys = readKeys(options.keys, algorithms, problems)
  problems.throwIfAny()
  return { algorithms, maxTokenLength, keys }
}
