/** An access token as the client holds it. The client reads who it is for and believes its authorization server; APIs verify it. */
import type { Environment } from './environment.ts'

type Clocks = Pick<Environment, 'monotonicNow' | 'now' | 'random'>

/** An access token in memory. */
export interface AccessToken {
  readonly text: string
  readonly userId: string
  readonly sid: string
  /** When the user was authenticated, in epoch seconds of the server. */
  readonly authTime: number
  /** Seconds for which it was valid when it was received. */
  readonly lifetime: number
  /** Seconds left under which it is renewed: 10 to 30 % of its lifetime, so that tabs and users spread out. */
  readonly renewBelow: number
  readonly receivedAt: number
  readonly receivedAtWall: number
}

/** Reads an access token; `undefined` for what is none of a signed-in user. @param expiresIn seconds */
export function readAccessToken(text: unknown, expiresIn: unknown, clocks: Clocks): AccessToken | undefined {
  if (typeof text !== 'string' || typeof expiresIn !== 'number' || !(expiresIn > 0 && expiresIn < 1e6)) return undefined
  const { sub, sid, auth_time } = readClaims(text)
  if (typeof sub !== 'string' || typeof sid !== 'string') return undefined
  return {
    text,
    userId: sub,
    sid,
    authTime: typeof auth_time === 'number' ? auth_time : 0,
    lifetime: expiresIn,
    renewBelow: expiresIn * (0.1 + 0.2 * clocks.random()),
    receivedAt: clocks.monotonicNow(),
    receivedAtWall: clocks.now(),
  }
}

/**
 * Tells the seconds that a token has left. Of the two clocks the one that says it is older counts: the monotonic one may stand still
 * while a machine sleeps, and the other may be set back.
 */
export function remainingLifetime(token: AccessToken, clocks: Clocks): number {
  const age = Math.max(clocks.monotonicNow() - token.receivedAt, clocks.now() - token.receivedAtWall)
  return token.lifetime - age / 1000
}

function readClaims(jwt: string): Record<string, unknown> {
  try {
    const bytes = atob((jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    // UTF-8 without TextDecoder, which not every React Native has.
    const escaped = [...bytes].map((byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
    return Object(JSON.parse(decodeURIComponent(escaped.join(''))))
  } catch {
    return {}
  }
}
