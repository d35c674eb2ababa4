// An authorization server with a user who has signed in, behind an issuer that publishes a key of the test's besides.
import assert from 'node:assert/strict'
import { makeKeyPair } from './forged-token.ts'
import { startJwkSetServer } from './jwk-set-server.ts'
import type { Issuer } from './refused-tokens.ts'
import { startAuthorizationServer } from './running-program.ts'

export const audience = 'https://api.example.com'
export const password = 'correct horse battery staple'

export interface LiveIssuer extends Issuer {
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
  const { accessToken: fresh } = await signIn(server.url)
  return {
    url: jwkSet.url,
    ...{ fresh, published, signer: published.signer, attacker: makeKeyPair('unknown') },
    stop: async () => {
      jwkSet.close()
      await server.stop()
    },
  }
}

/** Registers a new user and returns the tokens of the first sign-in. */
export async function signIn(url: string): Promise<{ accessToken: string; refreshToken: string }> {
  const body = JSON.stringify({ email: 'ada@example.com', password })
  const post = (path: string) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.equal((await post('/api/auth/register')).status, 201)
  const answer = await post('/api/auth/login')
  assert.equal(answer.status, 200)
  return (await answer.json()) as { accessToken: string; refreshToken: string }
}
