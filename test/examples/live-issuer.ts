// An authorization server with a user who has signed in, behind an issuer that publishes a key of the test's besides.
import assert from 'node:assert/strict'
import { makeKeyPair } from './forged-token.ts'
import { startJwkSetServer } from './jwk-set-server.ts'
import type { Issuer } from './refused-tokens.ts'
import { startAuthorizationServer } from './running-program.ts'

export const audience = 'https://api.example.com'
export const password = 'correct horse battery staple'

export interface LiveIssuer extends Issuer {
  /** Ends the session of the user. */
  logOut(): Promise<void>
  stop(): Promise<void>
}

/** Starts an issuer whose tokens have the scope orders:read. */
export async function startLiveIssuer(env: Record<string, string> = {}): Promise<LiveIssuer> {
  const published = makeKeyPair('published-by-the-test')
  const jwkSet = await startJwkSetServer(published.jwk)
  const server = await startAuthorizationServer({
    COUNTERSIGN_ISSUER: jwkSet.url,
    COUNTERSIGN_AUDIENCE: audience,
    COUNTERSIGN_DEFAULT_SCOPES: 'orders:read',
    ...env,
  })
  jwkSet.republish(server.url)
  const { accessToken: fresh, refreshToken } = await signIn(server.url)
  return {
    url: jwkSet.url,
    ...{ fresh, published, signer: published.signer, attacker: makeKeyPair('unknown') },
    logOut: async () => {
      const answer = await fetch(`${server.url}/api/auth/logout`, jsonPost({ refreshToken }))
      assert.ok(answer.ok, `logout answered ${answer.status}`)
    },
    stop: async () => {
      jwkSet.close()
      await server.stop()
    },
  }
}

/** Registers a new user and returns the tokens of the first sign-in. */
export async function signIn(url: string): Promise<{ accessToken: string; refreshToken: string }> {
  const credentials = jsonPost({ email: 'ada@example.com', password })
  assert.equal((await fetch(`${url}/api/auth/register`, credentials)).status, 201)
  const answer = await fetch(`${url}/api/auth/login`, credentials)
  assert.equal(answer.status, 200)
  return (await answer.json()) as { accessToken: string; refreshToken: string }
}

function jsonPost(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
