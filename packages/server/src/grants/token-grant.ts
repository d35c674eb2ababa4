import type { AccountProfile } from '../accounts/accounts.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Session } from '../store/store.ts'

/** What a login or a refresh of a session with a refresh token gives; the endpoint decides what of it travels in a cookie. */
export interface TokenGrant {
  readonly session: Session
  readonly account: AccountProfile
  /** Epoch milliseconds of the store's clock. */
  readonly now: number
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly refreshToken: string
  /** Whether the refresh token differs from the one that was presented. */
  readonly isNew: boolean
  /** The granted scope, when one was asked for and this is less (RFC 6749 §5.1). */
  readonly scope?: string
}

/** Tells the granted scope where it differs from the one asked for. */
export function scopeAnswer(requested: string | undefined, granted: readonly string[]): { scope?: string } {
  if (requested === undefined) return {}
  return parseScope(requested)?.length === granted.length ? {} : { scope: granted.join(' ') }
}
