/** Owns how long a JWK Set counts as fresh: what its server says, within bounds of ours (RFC 9111 §4.2.1). */

const DEFAULT = 300
const SHORTEST = 60
/** However long the server allows: a key that it removes is dead after this many seconds. */
const LONGEST = 600

/** Reads the lifetime of an answer in seconds, from 60 to 600 (RFC 9111 §5.2.2.1). @default 300 without `max-age` */
export function readCacheLifetime(headers: Headers): number {
  const control = (headers.get('cache-control') ?? '').toLowerCase()
  if (/(^|[\s,])(no-store|no-cache)\b/.test(control)) return SHORTEST
  const maxAge = /(^|[\s,])max-age\s*=\s*"?(\d{1,10})/.exec(control)?.[2]
  if (maxAge === undefined) return DEFAULT
  const age = /^\s*(\d{1,10})/.exec(headers.get('age') ?? '')?.[1] ?? '0'
  return Math.min(LONGEST, Math.max(SHORTEST, Number(maxAge) - Number(age)))
}
