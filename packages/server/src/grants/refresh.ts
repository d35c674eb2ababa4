/**
 * Exchanges a refresh token for a new access token. The rule is the state machine of sessions/rotation.ts, run by the store in
 * one transaction; the access token is signed after its commit, from what it returned.
 *
 * Every refusal has one public answer, `invalid_grant`; the log has the reason. A forged or unknown token changes nothing, or
 * anyone could end a session. Theft ends the session, and that is committed before the refusal is sent.
 */
import { tooManyRequests } from '../cache/limits.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { firstPartyClient, type Parts } from '../parts.ts'
import { parseOwnRefreshToken } from '../sessions/own-refresh-token.ts'
import { encodeRefreshToken, hashRid, type RefreshToken } from '../sessions/refresh-token.ts'
import type { Rotation, SessionMode } from '../store/store.ts'
import { grantedScope, isIssuedFor, otherAudience, requestedAudience } from '../tokens/granted-scope.ts'
import { clockBehind } from './clock-behind.ts'
import { endedWhileHeld } from './held-answer.ts'
import { scopeAnswer, type TokenGrant } from './token-grant.ts'

export interface RefreshRequest {
  readonly refreshToken: string
  /** The modes whose refresh tokens may come in the way that this one came. */
  readonly modes: readonly SessionMode[]
  readonly scope: string | undefined
  readonly audience: string | undefined
  /** When the request arrived, in epoch milliseconds of the store's clock. */
  readonly arrivedAt: number
}

type Served = Extract<Rotation, { session: unknown }>

/** @throws OAuthError `invalid_grant`; `too_many_requests`; `invalid_request` for an audience; `temporarily_unavailable` when the client has given up. */
export async function refresh(parts: Parts, request: RefreshRequest): Promise<TokenGrant> {
  const { settings, store, limits } = parts
  const token = await parseOwnRefreshToken(parts, request.refreshToken, firstPartyClient)
  if (token === undefined) {
    parts.meter.count('refreshes', 'not_ours')
    throw new OAuthError('invalid_grant', {
      reason: 'not a refresh token of this server and client',
      countsAs: 'forgedPerNetwork',
    })
  }
  const requested = requestedAudience(settings, request.audience)
  const presented = nameOf(token, request)
  const wait = await limits.counters.refreshPerToken.wait(presented)
  if (wait > 0) {
    parts.meter.count('refreshes', 'too_many_requests')
    throw tooManyRequests('refreshPerToken', wait)
  }

  const rotation = await store.rotate({
    ridHash: hashRid(token.rid),
    gen: token.gen,
    att: token.att,
    clientId: firstPartyClient,
    modes: request.modes,
    pepperId: parts.keys.peppers.current,
    limits: settings.rotationLimits,
    idleLifetime: settings.sessionIdleLifetime * 1000,
    audience: requested ?? null,
    deadline: request.arrivedAt + settings.refreshTimeout * 1000,
  })
  parts.meter.count('refreshes', rotation.outcome)
  if ('session' in rotation) return answer(parts, request, token, rotation)
  if (isFinal(rotation)) await limits.counters.refreshPerToken.count(presented)
  return refuse(parts, rotation)
}

/** A token that was proven, in the way that it came. */
function nameOf({ rid, gen, att }: RefreshToken, { modes }: RefreshRequest): string {
  return [Buffer.from(rid).toString('base64url'), gen, att, modes[0]].join('.')
}

/** Whether a token that was refused will be refused for ever: one that still comes back is a client's that goes round in circles. */
function isFinal({ outcome }: Rotation): boolean {
  return outcome === 'over' || outcome === 'reused' || outcome === 'unknown'
}

async function answer(
  parts: Parts,
  request: RefreshRequest,
  token: RefreshToken,
  rotation: Served,
): Promise<TokenGrant> {
  const { settings, store, accounts, log } = parts
  const { session, state, pepperId, now, notBefore, keysVersion } = rotation
  const account = await accounts.findAccount(session.userId, rotation.account)
  if (!account) throw new OAuthError('invalid_grant', { reason: 'the account is gone' })
  if (rotation.outcome === 'reissued')
    log.info({ event: 'refresh.late_replay', sid: session.sid }, 'a lost refresh answer was issued again')

  const audience = request.audience ?? session.audience ?? settings.audiences[0]
  if (!isIssuedFor(settings, audience)) {
    throw new OAuthError('invalid_grant', { reason: 'its audience is no longer issued for' })
  }
  const scope = grantedScope(settings, account.roles, session.scope, request.scope)
  const current = { pepperId, rid: token.rid, gen: state.gen, att: state.att }
  const isPresented = token.gen === current.gen && token.att === current.att
  const keepsPresented = isPresented || !rotation.successor
  // Another server may have made the generation with a pepper that comes with this version of the keys.
  const accessTokens = await parts.accessTokensOf(keysVersion)
  const refreshToken = keepsPresented
    ? request.refreshToken
    : encodeRefreshToken(current, session.clientId, parts.keys.peppers)
  const issued = await accessTokens.issue({ session, account, audience, scope, now, notBefore })
  if (await endedWhileHeld(store, session, { now, notBefore }))
    throw new OAuthError('invalid_grant', { reason: 'the session was ended while its answer was held' })
  const isNew = refreshToken !== request.refreshToken
  parts.meter.count('tokensIssued', 'refresh_token')
  return { session, account, now, ...issued, refreshToken, isNew, ...scopeAnswer(request.scope, scope) }
}

async function refuse(parts: Parts, rotation: Exclude<Rotation, Served>): Promise<never> {
  const { log, feed } = parts
  switch (rotation.outcome) {
    case 'late':
      throw new OAuthError('temporarily_unavailable', {
        reason: 'the refresh came too late to be answered',
        retryAfter: 1,
      })
    case 'reused':
      parts.hints?.announce()
      log.warn(
        { event: 'refresh.reuse', alert: true, sid: rotation.sid, sub: rotation.userId },
        'a stolen refresh token was used; the session is ended',
      )
      throw new OAuthError('invalid_grant', { reason: 'a refresh token that had been replaced came back' })
    case 'ahead':
      log.warn(
        { event: 'refresh.ahead', alert: true, sid: rotation.sid, sub: rotation.userId },
        'a refresh token is newer than its session; was the database restored from a backup?',
      )
      await feed.raiseEpoch('a refresh token is newer than its session')
      throw new OAuthError('invalid_grant', { reason: 'the refresh token is newer than its session' })
    case 'over':
      throw new OAuthError('invalid_grant', { reason: rotation.why })
    case 'other_audience':
      throw otherAudience()
    case 'clock_behind':
      throw clockBehind(parts)
    case 'unknown':
      throw new OAuthError('invalid_grant', { reason: 'no such session for this client and mode' })
  }
}
