/** Which sessions the tokens of a request belong to. Whoever presents one may have any; none is believed before the store is asked. */
import { firstPartyClient, type Parts } from '../parts.ts'
import type { RevocationReason, Session, SessionMode } from '../store/store.ts'
import { verifyOwn } from '../tokens/own-verifier.ts'
import { parseOwnRefreshToken } from './own-refresh-token.ts'
import { hashRid, looksLikeRefreshToken } from './refresh-token.ts'
import { hashSessionToken, looksLikeSessionToken } from './session-token.ts'

/** Of several refresh or session tokens, finds the one whose session lives and was authenticated last. */
export async function newestOf(
  parts: Pick<Parts, 'store' | 'keys' | 'latestAccessTokens'>,
  tokens: readonly string[],
  modes: readonly SessionMode[],
): Promise<string | undefined> {
  let newest: { token: string; session: Session } | undefined
  for (const token of tokens) {
    const ridHash = await ridHashOf(parts, token)
    const session = ridHash && (await parts.store.findLiveSessionByRid(ridHash))
    if (session === undefined || !modes.includes(session.mode)) continue
    if (newest === undefined || session.authenticatedAt > newest.session.authenticatedAt) newest = { token, session }
  }
  return newest?.token
}

/** Ends the session of a refresh, session or access token; any other text has none. */
export async function endSessionOf(
  parts: Pick<Parts, 'store' | 'keys' | 'accessTokens' | 'latestAccessTokens'>,
  token: string,
  reason: RevocationReason,
): Promise<void> {
  const { store } = parts
  if (looksLikeRefreshToken(token) || looksLikeSessionToken(token)) {
    const ridHash = await ridHashOf(parts, token)
    if (ridHash !== undefined) await store.revokeSession({ ridHash }, reason)
    return
  }
  const verified = await verifyOwn(parts, token)
  if ('sid' in verified && verified.sid !== undefined)
    await store.revokeSession({ sid: verified.sid, userId: verified.sub }, reason)
}

/** The session's name in the store; `undefined` for a token that is none of ours. */
async function ridHashOf(
  parts: Pick<Parts, 'store' | 'keys' | 'latestAccessTokens'>,
  token: string,
): Promise<Uint8Array | undefined> {
  if (looksLikeSessionToken(token)) return hashSessionToken(token)
  const parsed = await parseOwnRefreshToken(parts, token, firstPartyClient)
  return parsed && hashRid(parsed.rid)
}
