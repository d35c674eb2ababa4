// The feed with real sockets: authorization server, services in two languages, and a way between them that breaks.
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestView } from '@countersign/resource-server'
import { createProtection, type Protection } from '@countersign/resource-server'
import { protect as protectFetch } from '@countersign/resource-server/fetch'
import { protect as protectNode } from '@countersign/resource-server/node'
import { getRequestListener } from '@hono/node-server'
import { type Program, startPythonExample } from '../examples/running-program.ts'
import { requires } from '../requires.ts'
import { type LiveFeed, startLiveFeed } from './live-feed.ts'

const silent = { warn: () => undefined }

async function listen(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`, server }
}

async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5000),
  })
  await response.arrayBuffer()
  return response.status
}

/** Waits until something holds, asking often; tells how long it took, in milliseconds. */
async function until(what: string, holds: () => boolean | Promise<boolean>, longest = 10_000): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > longest) throw new Error(`not within ${longest} ms: ${what}`)
    await sleep(5)
  }
  return performance.now() - began
}

describe('three services in two languages', {
  skip: requires('python3-flask', 'python3-jwt', 'python3-cryptography'),
}, () => {
  let feed: LiveFeed
  let urls: string[]
  const ends: (() => unknown)[] = []

  before(async () => {
    feed = await startLiveFeed()
    const { issuer, audience, client } = feed
    const options = { issuer, audience, feed: client, log: silent }
    const node = protectNode(options)
    const fetchGuard = protectFetch(options)
    const first = await listen(node((request, response) => void response.end(request.auth.claims.sub)))
    const second = await listen(getRequestListener(fetchGuard((_request, { claims }) => new Response(claims.sub))))
    const flask: Program = await startPythonExample('examples/flask-feed', {
      ...{ ISSUER: issuer, AUDIENCE: audience, PORT: '0' },
      ...{ CLIENT_ID: client.clientId, CLIENT_SECRET: client.clientSecret },
    })
    urls = [first.url, second.url, `${flask.url}/orders`]
    ends.push(
      node.close,
      fetchGuard.close,
      () => first.server.close(),
      () => second.server.close(),
      flask.stop,
      feed.close,
    )
  })
  after(async () => {
    for (const end of ends) await end()
  })

  test('all refuse a suspended user within a second, without a single call about that user', async () => {
    const { accessToken, userId } = await feed.signUp('ada')
    const { accessToken: other } = await feed.signUp('bob')
    for (const url of urls)
      await until('the services know what is revoked', async () => (await statusOf(url, accessToken)) === 200)
    feed.requests.length = 0
    let isSuspended = false
    let lastAccepted = 0
    const asking = urls.map(async (url) => {
      while (!isSuspended || (await statusOf(url, accessToken)) === 200) {
        if ((await statusOf(url, accessToken)) === 200) lastAccepted = performance.now()
        await sleep(10)
      }
    })
    await sleep(300)
    await feed.store.suspendUser(userId, { actor: 'test', reason: 'a test' })
    const suspendedAt = performance.now()
    isSuspended = true
    await Promise.all(asking)
    assert.ok(lastAccepted - suspendedAt < 1000, `accepted for ${lastAccepted - suspendedAt} ms`)
    for (const url of urls) {
      assert.equal(await statusOf(url, accessToken), 401)
      assert.equal(await statusOf(url, other), 200)
    }
    assert.deepEqual(
      feed.requests.filter((path) => !path.startsWith('/revocations/') && path !== '/.well-known/jwks.json'),
      [],
    )
  })

  test('all refuse a revoked key, accept the next, and sessions live on', async () => {
    const { accessToken, refreshToken } = await feed.signUp('carol')
    for (const url of urls) await until('a good token', async () => (await statusOf(url, accessToken)) === 200)
    const kid = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid
    await feed.store.revoke({ kind: 'key', kid }, { actor: 'test', reason: 'leaked' })
    for (const url of urls)
      await until('the old key is refused', async () => (await statusOf(url, accessToken)) === 401, 5000)
    const answer = await fetch(`${feed.issuer}/api/auth/refresh`, {
      method: 'POST',
      headers: { authorization: `Bearer ${refreshToken}` },
    })
    const { accessToken: next } = (await answer.json()) as { accessToken: string }
    for (const url of urls.slice(0, 2))
      await until('the new key is accepted', async () => (await statusOf(url, next)) === 200, 5000)
  })
})

describe('a way that breaks', () => {
  let feed: LiveFeed
  let apis: Protection[] = []
  before(async () => {
    feed = await startLiveFeed()
  })
  after(() => feed.close())

  async function protectApi(revocation: 'strict' | 'bounded'): Promise<Protection> {
    const { issuer, audience, client } = feed
    const api = createProtection({ issuer, audience, feed: client, revocation, log: silent })
    apis.push(api)
    await until('LIVE', () => stateOf(api) === 'LIVE')
    return api
  }
  function stateOf(api: Protection): string | undefined {
    return api.status()[feed.issuer]?.state
  }
  async function decide(api: Protection, token: string): Promise<number> {
    const view: RequestView = {
      method: 'GET',
      header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
    }
    const decision = await api.decide(view)
    return decision.outcome === 'refused' ? decision.error.status : 200
  }
  function endAll(): void {
    for (const api of apis) api.close()
    apis = []
    feed.way.mend()
  }

  test('is noticed within seconds, and what happened meanwhile is known when it is mended', async () => {
    const { accessToken, userId } = await feed.signUp('dora')
    const [strict, bounded] = [await protectApi('strict'), await protectApi('bounded')]
    for (const api of [strict, bounded]) assert.equal(await decide(api, accessToken), 200)
    feed.way.cut()
    await until('not LIVE', () => stateOf(strict) !== 'LIVE', 15_000)
    await feed.store.revoke({ kind: 'user', userId }, { actor: 'test', reason: '' })
    assert.equal(await decide(strict, accessToken), 503)
    assert.equal(await decide(bounded, accessToken), 200)
    feed.way.mend()
    for (const api of [strict, bounded])
      await until('refused', async () => (await decide(api, accessToken)) === 401, 15_000)
    endAll()
  })

  test('a socket that stays open and silent is given up; strict accepts nothing after 3 s', async () => {
    const { accessToken } = await feed.signUp('eve')
    const strict = await protectApi('strict')
    assert.equal(await decide(strict, accessToken), 200)
    feed.way.holdUp()
    await until('not LIVE', () => stateOf(strict) !== 'LIVE', 15_000)
    assert.equal(await decide(strict, accessToken), 503)
    feed.way.mend()
    feed.way.cut()
    feed.way.mend()
    await until('LIVE again', () => stateOf(strict) === 'LIVE', 15_000)
    assert.equal(await decide(strict, accessToken), 200)
    endAll()
  })

  test('a way that delivers everything six seconds late does not look alive', async () => {
    const strict = await protectApi('strict')
    await sleep(1200)
    feed.way.delay(6000)
    await sleep(500)
    let wasLive = 0
    const began = performance.now()
    while (performance.now() - began < 9000) {
      if (stateOf(strict) === 'LIVE') wasLive = performance.now() - began
      await sleep(20)
    }
    assert.ok(wasLive < 3500, `LIVE after ${wasLive} ms`)
    endAll()
  })

  test('a hundred readers are all told within a second', async () => {
    const { accessToken, userId } = await feed.signUp('fred')
    const readers = await Promise.all(Array.from({ length: 100 }, () => protectApi('bounded')))
    for (const api of readers) assert.equal(await decide(api, accessToken), 200)
    await feed.store.revoke({ kind: 'user', userId }, { actor: 'test', reason: '' })
    const took = await until('all refuse', async () => {
      const statuses = await Promise.all(readers.map((api) => decide(api, accessToken)))
      return statuses.every((status) => status === 401)
    })
    assert.ok(took < 1000, `${took} ms`)
    endAll()
  })
})
