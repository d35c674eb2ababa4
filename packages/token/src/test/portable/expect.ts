/** Owns the few assertions of the portable tests, since a page has no node:assert. */

/** What a refusal says. */
export interface Refusal {
  readonly name?: string
  readonly code?: string
  readonly claim?: string | undefined
  readonly received?: unknown
  readonly message?: RegExp
}

/** Fails unless two values are the same, member for member. */
export function expectEqual(actual: unknown, expected: unknown, about = ''): void {
  if (!isSame(actual, expected)) throw new Error(`${about} is ${show(actual)}, not ${show(expected)}`.trimStart())
}

/** Fails unless a condition holds. */
export function expectTrue(holds: boolean, about: string): void {
  if (!holds) throw new Error(`It does not hold: ${about}`)
}

/** Fails unless a function throws, or its promise is rejected, as expected; a code stands for a TokenError. */
export async function expectRefusal(run: () => unknown, expected: Refusal, about = ''): Promise<void> {
  const error = await catchRefusal(run, about)
  const { name = expected.code === undefined ? 'TypeError' : 'TokenError', message = /./, ...members } = expected
  const received = error as unknown as Record<string, unknown>
  expectEqual(error.name, name, `${about} ${error.message}: its name`)
  for (const [member, value] of Object.entries(members))
    expectEqual(received[member], value, `${about} ${error.message}: its ${member}`)
  expectTrue(message.test(error.message), `${about} ${error.message} matches ${String(message)}`)
}

/** Gets the error of a function that throws, or whose promise is rejected. */
export async function catchRefusal(run: () => unknown, about = ''): Promise<Error> {
  let result: unknown
  try {
    result = await run()
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`${about} was refused with ${show(error)}, which is no error`)
  }
  throw new Error(`${about} was accepted: ${show(result)}`)
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b) || a instanceof Uint8Array !== b instanceof Uint8Array) return false
  const [members, others] = [Object.entries(a), Object.entries(b)]
  return (
    members.length === others.length &&
    members.every(([name, value]) => Object.hasOwn(b, name) && isSame(value, (b as Record<string, unknown>)[name]))
  )
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
