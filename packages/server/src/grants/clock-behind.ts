/** The store's clock was set back behind a moment that it has already written down. */
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'

/** Tells the operator, and makes the refusal that asks the client to come again. */
export function clockBehind({ log }: Parts): OAuthError {
  log.error({ event: 'clock.behind', alert: true }, 'the clock is behind a revocation that it has dated: set it right')
  return new OAuthError('temporarily_unavailable', { reason: 'the clock has been set back', retryAfter: 1 })
}
