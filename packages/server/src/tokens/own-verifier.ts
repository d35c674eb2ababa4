/** Checks access tokens at our own endpoints, also those that another process has signed with a key that it has just made. */
import type { Parts } from '../parts.ts'
import type { Verification } from './access-token.ts'

/** Verifies an access token of this server. Whether it or its session is revoked is for the store to say. */
export async function verifyOwn(
  parts: Pick<Parts, 'accessTokens' | 'latestAccessTokens'>,
  token: string,
): Promise<Verification> {
  const verified = parts.accessTokens.verify(token)
  if (!('refusal' in verified) || verified.isKeyKnown) return verified
  return (await parts.latestAccessTokens()).verify(token)
}
