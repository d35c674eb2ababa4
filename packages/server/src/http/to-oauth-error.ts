/** Turns whatever was thrown into a refusal; only what an endpoint threw on purpose says more than that something went wrong. */
import { OAuthError } from '../oauth/oauth-error.ts'
import { StoreUnavailableError } from '../store/store.ts'

export function toOAuthError(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown
  if (thrown instanceof StoreUnavailableError) {
    return new OAuthError('temporarily_unavailable', { reason: thrown.message, retryAfter: 1, cause: thrown.cause })
  }
  return new OAuthError('server_error', { reason: 'an unexpected error', cause: thrown })
}
