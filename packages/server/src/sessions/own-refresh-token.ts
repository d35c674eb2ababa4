/** Reads refresh tokens at our endpoints, also those that another server has made with a pepper that it has just got. */
import type { Parts } from '../parts.ts'
import { parseRefreshToken, pepperIdOf, type RefreshToken } from './refresh-token.ts'

/** Reads a refresh token and proves that it is one of ours for this client; `undefined` for anything else. Its session is for the store to judge. */
export async function parseOwnRefreshToken(
  parts: Pick<Parts, 'keys' | 'latestAccessTokens'>,
  text: string,
  clientId: string,
): Promise<RefreshToken | undefined> {
  const parsed = parseRefreshToken(text, clientId, parts.keys.peppers)
  const pepperId = pepperIdOf(text)
  if (parsed !== undefined || pepperId === undefined || parts.keys.peppers.byId.has(pepperId)) return parsed
  await parts.latestAccessTokens()
  return parseRefreshToken(text, clientId, parts.keys.peppers)
}
