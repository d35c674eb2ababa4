/** Fetches the issuer's public keys and keeps them: at most one request at a time, and one every two seconds. */
import { importJwkSet, type Key, type KeyResolver } from '@countersign/token'

const cooldown = 2000
const longestAge = 5 * 60_000
const timeout = 3000
const longestBody = 100_000

/** Says that no key could be had so far, so that nothing can be said about any token. */
export class KeysUnavailableError extends Error {}

/** Creates the function that finds the keys of a token: those at hand, or newer ones when its `kid` is not among them. */
export function createJwkSetResolver(jwksUri: string): KeyResolver {
  const { protocol, hostname } = new URL(jwksUri)
  if (protocol !== 'https:' && !(protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname))) {
    throw new TypeError('The JWK Set must be at an https address, or on this machine.')
  }
  let keys: readonly Key[] | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAt = performance.now()
    try {
      keys = importJwkSet(await fetchJson(jwksUri), { algorithms: ['ES256'] }).keys
    } catch (error) {
      // The keys that were there before stay: a token that they verify is as good as it was.
      console.error(`JWK Set unavailable: ${error instanceof Error ? error.message : 'unknown error'}`)
    }
    asking = undefined
  }

  return async ({ kid }) => {
    const isKnown = keys?.some((key) => key.kid === kid) ?? false
    if (performance.now() - askedAt >= (isKnown ? longestAge : cooldown)) asking ??= ask()
    if (!isKnown) await asking
    if (keys === undefined) throw new KeysUnavailableError()
    return keys
  }
}

async function fetchJson(uri: string): Promise<unknown> {
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(timeout) })
  if (!response.ok || response.body === null) throw new Error(`the issuer answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > longestBody) throw new Error(`the answer is longer than ${longestBody} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}
