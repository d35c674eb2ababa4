// A fleet whose servers are replaced one after the other and whose keys turn every few seconds, under load: nobody may notice.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { type Fleet, RefreshingClient, skip, startFleet } from '../fleet.ts'
import { startFollowingApi } from '../following-api.ts'
import { stopCluster } from '../postgres-cluster.ts'
import { refresh, signUp } from '../running-server.ts'

/** The set may be cached for a second, so a key is published for three before it signs, and signs for three. */
const turning = {
  COUNTERSIGN_JWKS_MAX_AGE: '1',
  COUNTERSIGN_KEY_PUBLISH_AHEAD: '3',
  COUNTERSIGN_KEY_ROTATION_PERIOD: '3',
  COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '60',
}

type Check = (token: string) => Promise<void>

/** A verifier that keeps the set for twice its max-age and never asks for a key that it does not know: the worst that there is. */
function cachingVerifier({ url }: Fleet): Check {
  let fetched: { readonly at: number; readonly keys: ReturnType<typeof createLocalJWKSet> } | undefined
  return async (token) => {
    if (fetched === undefined || performance.now() - fetched.at > 2000) {
      const at = performance.now()
      const reply = await fetch(`${url}/.well-known/jwks.json`)
      assert.equal(reply.status, 200)
      fetched = { at, keys: createLocalJWKSet((await reply.json()) as JSONWebKeySet) }
    }
    await jwtVerify(token, fetched.keys, { issuer: url, audience: url, typ: 'at+jwt', algorithms: ['ES256'] })
  }
}

/** Our own verifier, with the feed. */
async function followingVerifier(t: TestContext, { url, database }: Fleet): Promise<Check> {
  const api = await startFollowingApi(t, url, database)
  return async (token) => assert.equal(await api.statusOf(token), 200)
}

/** What one client does over and over; whatever is not as it should be is kept. */
async function live(fleet: Fleet, name: string, checks: readonly Check[], isOver: () => boolean, troubles: string[]) {
  const kids = new Set<string>()
  const client = new RefreshingClient((await signUp(fleet.url, name)).refreshToken)
  let held: string | undefined
  while (!isOver()) {
    try {
      const reply = await refresh(fleet.url, client.token)
      const text = await reply.text()
      if (reply.status !== 200) throw new Error(`refresh answered ${reply.status} ${text}`)
      const answer = JSON.parse(text) as { accessToken: string; refreshToken: string }
      client.token = answer.refreshToken
      kids.add(JSON.parse(Buffer.from(answer.accessToken.split('.')[0] ?? '', 'base64url').toString()).kid)
      held ??= answer.accessToken
      for (const check of checks) for (const token of [answer.accessToken, held]) await check(token)
      const me = await fetch(`${fleet.url}/api/auth/me`, { headers: { authorization: `Bearer ${held}` } })
      if (me.status !== 200) throw new Error(`/me answered ${me.status} ${await me.text()}`)
      if (Math.random() < 0.02) held = undefined
    } catch (error) {
      troubles.push(`${new Date().toISOString()} ${name}: ${error instanceof Error ? error.message : error}`)
    }
    await setTimeout(100 + Math.random() * 300)
  }
  return kids
}

describe('a fleet', { skip }, () => {
  after(stopCluster)

  test('is replaced server by server while keys turn every three seconds: not one request fails, not one token is refused', async (t) => {
    const fleet = await startFleet(t, { env: turning, patience: 10_000 })
    const checks = [cachingVerifier(fleet), await followingVerifier(t, fleet)]
    const troubles: string[] = []
    let isOver = false
    const clients = Array.from({ length: 6 }, (_, index) =>
      live(fleet, `user-${index}`, checks, () => isOver, troubles),
    )
    await setTimeout(5000)
    for (let round = 0; round < 2; round++) {
      for (const [index, { child, port, ended }] of fleet.instances.entries()) {
        child.kill('SIGTERM')
        const { code } = await ended()
        assert.equal(code, 0)
        fleet.instances[index] = await fleet.start(port)
        await setTimeout(2500)
      }
    }
    isOver = true
    const kids = new Set((await Promise.all(clients)).flatMap((one) => [...one]))
    assert.deepEqual(troubles, [])
    assert.ok(kids.size >= 4, `${kids.size} keys signed`)
  })
})
