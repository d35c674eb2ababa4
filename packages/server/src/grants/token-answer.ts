import { parseScope } from '../oauth/scope.ts'

/** What a login or a refresh gives its client (contract of POST …/login). */
export interface TokenAnswer {
  readonly accessToken: string
  readonly refreshToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly tokenType: 'Bearer'
  /** The granted scope, when one was asked for and this is less (RFC 6749 §5.1). */
  readonly scope?: string
}

/** Tells the granted scope where it differs from the one asked for. */
export function scopeAnswer(requested: string | undefined, granted: readonly string[]): { scope?: string } {
  if (requested === undefined) return {}
  return parseScope(requested)?.length === granted.length ? {} : { scope: granted.join(' ') }
}
