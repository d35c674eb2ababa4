/**
 * Owns the last check on claims, by a schema of the application's own: any that follows Standard Schema 1, as those of zod, valibot
 * and arktype do. Their result is what the verifier returns, and its type follows.
 */
import { TokenError } from './token-error.ts'

/** A schema for claims, as Standard Schema 1 describes it: https://standardschema.dev. It must answer at once. */
export interface ClaimsSchema<Claims> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Claims> | Promise<SchemaResult<Claims>>
    readonly types?: { readonly input: unknown; readonly output: Claims } | undefined
  }
}

type SchemaResult<Claims> =
  | { readonly value: Claims; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/** Tells a schema from everything else. */
export function isClaimsSchema(value: unknown): value is ClaimsSchema<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false
  const standard: unknown = value['~standard']
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'version' in standard &&
    standard.version === 1 &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  )
}

/**
 * Puts verified claims through a schema. Its words about what is wrong are left out: they may quote the claims.
 *
 * @throws TokenError claim_invalid, naming the first claim that does not fit
 * @throws TypeError if the schema answers with a promise
 */
export function applySchema<Claims>(schema: ClaimsSchema<Claims>, claims: unknown): Claims {
  const result = schema['~standard'].validate(claims)
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new TypeError('schema: it answers with a promise: give one that answers at once.')
  }
  if (result.issues === undefined) return result.value
  const [step] = result.issues[0]?.path ?? []
  const claim = String(typeof step === 'object' ? step.key : (step ?? ''))
  throw new TokenError('claim_invalid', `The claim "${claim}" of the token does not fit the schema.`, { claim })
}
