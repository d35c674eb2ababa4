/**
 * Stands before every judgement of a password: whoever may not try any more is refused before anything is hashed or looked up, known
 * addresses and unknown ones alike.
 *
 * Nobody can lock somebody else out. Wrong passwords from a network tell against that network and that account together; from networks
 * that the account does not know also against the account and against the network, but who comes from a network that the account has
 * signed in from is not asked for these two. A limit ends by itself, and being refused does not prolong it.
 *
 * Races: a few passwords of one account are judged at a time, and each wrong one is counted before the next is let in (cache/gate.ts).
 */
import { type Limits, tooManyRequests } from '../cache/limits.ts'
import { networkOf } from '../cache/network.ts'
import type { RateLimitName } from '../cache/rate-limit.ts'

/** Whose password it is said to be, and where it comes from. */
interface LoginAttempt {
  readonly email: string
  /** `null` where no address is known, as behind a server that has no sockets: then the account alone counts. */
  readonly ip: string | null
}

type Claim = readonly [limit: RateLimitName, key: string]

/**
 * Judges the password of a login, unless too many were wrong. @param judge answers with nothing for a wrong one
 * @throws OAuthError `too_many_requests`
 */
export async function guardLogin<Answer>(
  limits: Limits,
  { email, ip }: LoginAttempt,
  judge: () => Promise<Answer | null | undefined>,
): Promise<Answer | null | undefined> {
  const { nameOf, knownPlaces } = limits
  const account = nameOf('account', foldAddress(email))
  if (ip === null) return guard(limits, account, [['loginPerAccount', account]], judge)

  const network = networkOf(ip)
  const pair = nameOf('account and network', foldAddress(email), network)
  const place = await knownPlaces.find(pair)
  const claims: Claim[] = [['loginPerAccountAndNetwork', pair]]
  if (!place.isKnown) claims.push(['loginPerAccount', account], ['loginPerNetwork', nameOf('network', network)])
  const answer = await guard(limits, place.isKnown ? pair : account, claims, judge)
  if (answer) void place.remember()
  if (answer) void limits.counters.loginPerAccountAndNetwork.forget(pair)
  return answer
}

/** Judges the password of someone who is signed in. @throws OAuthError `too_many_requests` */
export async function guardOwnPassword<Outcome extends string>(
  limits: Limits,
  sid: string,
  judge: () => Promise<Outcome | 'wrong_password'>,
): Promise<Outcome | 'wrong_password'> {
  const session = limits.nameOf('session', sid)
  const judgeOnce = async () => {
    const outcome = await judge()
    return outcome === 'wrong_password' ? undefined : outcome
  }
  return (await guard(limits, session, [['passwordPerSession', session]], judgeOnce)) ?? 'wrong_password'
}

async function guard<Answer>(
  { counters, gate }: Limits,
  passage: string,
  claims: readonly Claim[],
  judge: () => Promise<Answer | null | undefined>,
): Promise<Answer | null | undefined> {
  const leave = await gate.enter(passage)
  if (leave === undefined) throw tooManyRequests('gate', 1)
  try {
    const waits = await Promise.all(claims.map(([limit, key]) => counters[limit].wait(key)))
    const longest = Math.max(...waits)
    const refusing = claims[waits.indexOf(longest)]
    if (longest > 0 && refusing !== undefined) throw tooManyRequests(refusing[0], longest)
    const answer = await judge()
    if (!answer) await Promise.all(claims.map(([limit, key]) => counters[limit].count(key)))
    return answer
  } finally {
    leave()
  }
}

/** Takes together what some users table might take for one address, so that no spelling of it has a count of its own. */
function foldAddress(email: string): string {
  return email.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}
