/** What is said when settings cannot be used: all of it at once. */
import type { SecretProblem } from '../secrets/resolve-secrets.ts'

/** Tells every setting that cannot be used, one line each, and never a secret's value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'

  readonly problems: readonly string[]
  /** Whether nothing is wrong but that a place where a secret is kept is away: the same may work later. */
  readonly isTransient: boolean

  constructor(problems: readonly string[], { isTransient = false }: { readonly isTransient?: boolean } = {}) {
    super(`These settings cannot be used:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
    this.problems = problems
    this.isTransient = isTransient
  }
}

/** What follows from a secret that could not be had, such as that it is not set, is not told. @throws SettingsError */
export function assertNoProblems(unresolved: readonly SecretProblem[], problems: readonly string[]): void {
  const named = new Set(unresolved.map(({ setting }) => setting))
  if (named.has('JWT_SECRET')) named.add('COUNTERSIGN_SIGNING_SECRET')
  const others = problems.filter((problem) => !named.has(problem.split(' ', 1)[0] ?? ''))
  const all = new Set([...unresolved.map(({ text }) => text), ...others])
  const isTransient = others.length === 0 && unresolved.every((problem) => problem.isTransient)
  if (all.size > 0) throw new SettingsError([...all], { isTransient })
}
