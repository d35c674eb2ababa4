/** Owns which algorithms the functions of jsonwebtoken know: all but ML-DSA, which no version of it has. */
import { type Algorithm as AnyAlgorithm, ALGORITHMS as EVERY_ALGORITHM } from '../algorithm.ts'

/** Names an algorithm of `sign` and `verify`. */
export type Algorithm = Exclude<AnyAlgorithm, `ML-DSA-${number}`>

/** Every name of such an algorithm. */
export const ALGORITHMS: readonly Algorithm[] = EVERY_ALGORITHM.filter(
  (alg): alg is Algorithm => !alg.startsWith('ML-DSA'),
)

/** Tells whether a value is the exact name of such an algorithm. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return (ALGORITHMS as readonly unknown[]).includes(value)
}
