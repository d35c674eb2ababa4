/** Owns what every adapter may be told besides what `createProtection` is told. */
import type { AccessTokenClaims } from './auth.ts'
import type { ProtectionOptions } from './options.ts'

/** How a framework shows the result. */
export interface AdapterOptions {
  /**
   * What becomes of a refusal: it is answered, or thrown (passed to `next`) as an `AccessError` for the application's own
   * error handling. An `AccessError` has `status`, `headers` and `body`.
   * @default 'answer'
   */
  readonly onRefusal?: 'answer' | 'throw'
}

/** How a framework that has one request object shows the result. */
export interface NamedAdapterOptions extends AdapterOptions {
  /**
   * The name under which the request has `{ claims, token }`.
   * @default 'auth'
   */
  readonly as?: string
}

/** What a `protect` is told. */
export type ProtectOptions<Claims = AccessTokenClaims> = ProtectionOptions<Claims> & AdapterOptions

/** What a `protect` is told that gives its result a name. */
export type NamedProtectOptions<Claims = AccessTokenClaims> = ProtectionOptions<Claims> & NamedAdapterOptions

/** Takes the options of the adapter apart from those of the protection. @throws TypeError */
export function splitOptions<Claims>({ as = 'auth', onRefusal = 'answer', ...rest }: NamedProtectOptions<Claims>): {
  readonly as: string
  readonly isThrown: boolean
  readonly options: ProtectionOptions<Claims>
} {
  if (typeof as !== 'string' || as === '')
    throw new TypeError('protect: as: give the name of a property, such as "user".')
  if (onRefusal !== 'answer' && onRefusal !== 'throw')
    throw new TypeError('protect: onRefusal: give "answer" or "throw".')
  return { as, isThrown: onRefusal === 'throw', options: rest as ProtectionOptions<Claims> }
}
