/** What may be set on an account, so that an access token made of it can be sent with each request. */
import { z } from 'zod'
import { assertClaimNames } from '../tokens/claim-names.ts'

/** Roles and claims travel in a header with each request: so many bytes of JSON are the most. */
const mostRoleBytes = 1024
const mostClaimBytes = 2048

const change = z.strictObject({
  roles: z.array(z.string().min(1)).optional(),
  claims: z.record(z.string(), z.json()).optional(),
})

/** @throws TypeError that names what no access token could carry. */
export function assertAccountChange(given: unknown, allowedPersonalClaims: ReadonlySet<string>): void {
  const parsed = change.safeParse(given)
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.join('.') || 'change')
    throw new TypeError(`roles is a list of names and claims an object of JSON values: mend ${places.join(', ')}`)
  }
  // Not zod's copy, which has lost a claim called __proto__: it must be seen to be refused.
  const { roles = [], claims = {} } = given as z.output<typeof change>
  assertClaimNames(claims, allowedPersonalClaims)
  assertSize('roles', roles, mostRoleBytes)
  assertSize('claims', claims, mostClaimBytes)
}

function assertSize(name: string, value: unknown, most: number): void {
  if (Buffer.byteLength(toJson(name, value)) > most) throw new TypeError(`${name} has more than ${most} bytes of JSON`)
}

/** What PostgreSQL takes as a text of JSON. */
function isKeepable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function toJson(name: string, value: unknown): string {
  try {
    return JSON.stringify(value, (key, member) => {
      if (!isKeepable(key) || (typeof member === 'string' && !isKeepable(member))) throw new Error('not keepable')
      return member
    })
  } catch {
    throw new TypeError(`${name} cannot be written as JSON, or has a text with a zero byte or half a character`)
  }
}
