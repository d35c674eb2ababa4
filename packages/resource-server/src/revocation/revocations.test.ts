import assert from 'node:assert/strict'
import { createPrivateKey, sign as createSignature, type JsonWebKey } from 'node:crypto'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { exportPrivateJwk, type Key } from '@countersign/token'
import type { Decision } from '../auth.ts'
import type { CommonOptions } from '../options.ts'
import { createProtection, type Protection } from '../protection.ts'
import { createRequirementCheck } from '../requirements.ts'
import { changesUri, FakeFeed, introspectionUri, snapshotUri, streamUri } from '../test/fake-feed.ts'
import { audience, hang, issuer } from '../test/fake-issuer.ts'
import { ManualClock, settle } from '../test/manual-clock.ts'
import type { RevocationPolicy } from './revocation-policy.ts'

const feed = { clientId: 'orders', clientSecret: 'cs1_secret' }
const later = 1_900_000_000

let clock: ManualClock
let network: FakeFeed
let key: Key
let lines: { event: string; code?: string; reason?: string }[]
let open: Protection[]

beforeEach(async () => {
  clock = new ManualClock()
  network = new FakeFeed(clock)
  key = await network.addKey()
  lines = []
  open = []
})

afterEach(() => {
  for (const api of open) api.close()
})

/** Starts an API, and waits until it knows what is revoked. */
async function protectApi(revocation?: RevocationPolicy, options: Partial<CommonOptions> = {}): Promise<Protection> {
  const log = { warn: (fields: object) => void lines.push(fields as { event: string }) }
  const api = createProtection({ issuer, audience, feed, revocation, clock, log, fetch: network.fetch, ...options })
  open.push(api)
  await settle()
  return api
}

function view(token: string) {
  return { method: 'GET', header: (name: string) => (name === 'authorization' ? `Bearer ${token}` : undefined) }
}

async function decide(
  api: Protection,
  token: string,
  isMet?: ReturnType<typeof createRequirementCheck>,
): Promise<Decision> {
  const decided = Promise.resolve(api.decide(view(token), isMet))
  let decision: Decision | undefined
  void decided.then((done) => {
    decision = done
  })
  for (let waited = 0; decision === undefined && waited < 40; waited += 1) await clock.advance(100)
  return decided
}

async function statusOf(api: Protection, token: string): Promise<number> {
  const decision = await decide(api, token)
  return decision.outcome === 'refused' ? decision.error.status : 200
}

function stateOf(api: Protection): string | undefined {
  return api.status()[issuer]?.state
}

/** Lets time pass while the feed goes on. */
async function live(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 0.5) {
    await clock.advance(500)
    network.beat()
  }
  await settle()
}

const sign = (claims: object = {}) => network.sign(key, { sid: 'session-1', ...claims })

describe('a verifier with the feed', () => {
  test('begins with a snapshot, and refuses what is in it', async () => {
    network.revoke(['s', 'session-1', 0, later])
    const api = await protectApi()
    assert.equal(stateOf(api), 'LIVE')
    const decision = await decide(api, sign())
    assert.ok(decision.outcome === 'refused')
    assert.deepEqual(
      [decision.error.status, decision.error.code, decision.error.tokenError],
      [401, 'invalid_token', 'token_revoked'],
    )
    assert.equal(await statusOf(api, sign({ sid: 'session-2' })), 200)
  })

  test('refuses at once what is revoked while it runs, a token that it remembers too, and asks nobody about it', async () => {
    const api = await protectApi()
    const token = sign()
    assert.equal(await statusOf(api, token), 200)
    assert.equal(await statusOf(api, token), 200)
    const requests = network.requests.length
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(await statusOf(api, token), 401)
    assert.equal(network.requests.length, requests)
    assert.match(String(lines[0]?.reason), /revoked: its session/)
  })

  test('obeys every kind of entry', async () => {
    const api = await protectApi()
    const now = Math.floor(clock.now())
    const entries = [
      ['j', 'token-1', 0, later],
      ['u', 'user-1', now + 1, later],
      ['c', 'client-1', now + 1, later],
      ['k', key.kid ?? '', 0, later],
      ['g', '', now + 1, later],
    ] as const
    for (const entry of entries) {
      const feedApi = await protectApi()
      assert.equal(await statusOf(feedApi, sign()), 200)
      network.revoke(entry)
      await settle()
      assert.equal(await statusOf(feedApi, sign()), 401, entry[0])
      network.entries.length = 0
      feedApi.close()
    }
    assert.equal(await statusOf(api, sign()), 401)
  })

  test('judges by the claims that were signed, whatever a schema made of them', async () => {
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ value: { only: 'this' } }) },
    } as never
    const api = await protectApi(undefined, { schema, scopes: 'orders:read' })
    const token = sign({ scope: 'orders:read' })
    const decision = await decide(api, token)
    assert.ok(decision.outcome === 'accepted')
    assert.deepEqual(decision.auth.claims, { only: 'this' })
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(await statusOf(api, token), 401)
    assert.equal(await statusOf(api, sign({ sid: 'session-2', scope: 'orders:read', cnf: { jkt: 'x' } })), 401)
    assert.equal(await statusOf(api, sign({ sid: 'session-2' })), 403)
  })

  test('fetches new keys when the feed says that they have changed', async () => {
    const api = await protectApi()
    await statusOf(api, sign())
    await live(3)
    const successor = await network.addKey()
    network.send('keys', {})
    await settle()
    assert.equal(network.jwksRequests, 2)
    assert.equal(await statusOf(api, network.sign(successor)), 200)
  })

  test('refuses a token that names no key once one is revoked: it may be signed with that', async () => {
    const [, payload] = sign().split('.')
    const signed = `${Buffer.from('{"alg":"ES256","typ":"at+jwt"}').toString('base64url')}.${payload}`
    const privateKey = createPrivateKey({ key: exportPrivateJwk(key) as JsonWebKey, format: 'jwk' })
    const signature = createSignature('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const token = `${signed}.${signature.toString('base64url')}`
    const api = await protectApi()
    assert.equal(await statusOf(api, token), 200)
    network.revoke(['k', key.kid ?? '', 0, later])
    await settle()
    assert.equal(await statusOf(api, token), 401)
  })

  test('authenticates itself, and asks for no more than it needs', async () => {
    await protectApi()
    const asked = network.requests.find(({ uri }) => uri.endsWith('/oauth/token'))
    assert.equal(asked?.headers.get('authorization'), `Basic ${btoa('orders:cs1_secret')}`)
    const stream = network.requests.find(({ uri }) => uri === streamUri)
    assert.equal(stream?.headers.get('authorization'), 'Bearer feed-token')
    assert.equal(stream?.headers.get('last-event-id'), 'first:0')
  })
})

describe('an event that is missing', () => {
  test('is noticed by the next one, and mended by a new snapshot; the old set holds meanwhile', async () => {
    const api = await protectApi()
    network.revoke(['s', 'lost', 0, later], { isLost: true })
    network.answers.set(snapshotUri, hang)
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(stateOf(api), 'RESYNC')
    network.answers.set(snapshotUri, () => Response.json(network.snapshot()))
    await clock.advance(11_000)
    assert.equal(stateOf(api), 'LIVE')
    for (const sid of ['lost', 'session-1']) assert.equal(await statusOf(api, sign({ sid })), 401)
  })

  test('is noticed by a heartbeat that is ahead', async () => {
    const api = await protectApi()
    network.revoke(['s', 'session-1', 0, later], { isLost: true })
    network.beat()
    await clock.advance(200)
    assert.equal(await statusOf(api, sign()), 401)
  })

  for (const [what, send] of [
    ['twice', () => network.send('rev', { p: 0, e: [['s', 'a', 0, later]] }, 'first:1')],
    ['of another history', () => network.send('rev', { p: 1, e: [['s', 'a', 0, later]] }, 'second:2')],
    ['misshapen', () => network.send('rev', { p: 1, e: [['x', 'a', 0, later]] }, 'first:2')],
    ['a reset', () => network.send('reset', { reason: 'slow' })],
  ] as const) {
    test(`an event that is ${what} makes it begin anew`, async () => {
      const api = await protectApi()
      network.revoke(['s', 'session-1', 0, later])
      await settle()
      const snapshots = () => network.requests.filter(({ uri }) => uri === snapshotUri).length
      const [before, streams] = [snapshots(), network.requests.filter(({ uri }) => uri === streamUri).length]
      send()
      await clock.advance(6000)
      const again = network.requests.filter(({ uri }) => uri === streamUri).length
      assert.ok(snapshots() > before || again > streams)
      assert.equal(await statusOf(api, sign()), 401)
    })
  }

  test('an older snapshot un-revokes nothing: it is a second old, and the stream that goes on from it does not open', async () => {
    const api = await protectApi('lenient')
    const old = network.snapshot()
    network.answers.set(snapshotUri, () => Response.json(old))
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(await statusOf(api, sign()), 401)
    network.answers.set(streamUri, hang)
    network.send('reset', { reason: 'slow' })
    await clock.advance(1000)
    assert.equal(stateOf(api), 'RESYNC')
    assert.equal(await statusOf(api, sign()), 401)
  })

  test('nor does an older snapshot that comes twice, as from a server whose database was put back', async () => {
    const api = await protectApi('lenient')
    const old = network.snapshot()
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(await statusOf(api, sign()), 401)
    network.answers.set(snapshotUri, () => Response.json(old))
    for (let time = 0; time < 3; time += 1) {
      network.send('reset', { reason: 'epoch' })
      await clock.advance(1000)
      assert.equal(await statusOf(api, sign()), 401)
    }
  })

  test('a history that begins anew un-revokes nothing', async () => {
    const api = await protectApi()
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    network.epoch = 'restored'
    network.seq = 0
    network.entries.length = 0
    network.send('reset', { reason: 'epoch' })
    await clock.advance(300)
    network.revoke(['s', 'session-2', 0, later])
    await settle()
    assert.equal(stateOf(api), 'LIVE')
    for (const sid of ['session-1', 'session-2']) assert.equal(await statusOf(api, sign({ sid })), 401)
  })
})

describe('when the issuer dies', () => {
  const table: [RevocationPolicy, number, number, number, number, number][] = [
    // policy       2 s  10 s  60 s  1 h   after the first minute, with tokens that live for hours
    ['strict', 200, 503, 503, 503, 3],
    ['bounded', 200, 200, 503, 503, 30],
    ['lenient', 200, 200, 200, 200, Number.POSITIVE_INFINITY],
  ]
  for (const [policy, after2, after10, after60, afterHour, limit] of table) {
    test(`${policy}: users see ${after2}, ${after10}, ${after60} and ${afterHour} after 2 s, 10 s, 60 s and an hour`, async () => {
      const api = await protectApi(policy)
      const token = sign({ exp: Math.floor(clock.now()) + 20_000 })
      assert.equal(await statusOf(api, token), 200)
      network.disappear()
      await clock.advance(2000)
      assert.equal(await statusOf(api, token), after2)
      await clock.advance(8000)
      assert.equal(await statusOf(api, token), after10)
      await clock.advance(50_000)
      assert.equal(await statusOf(api, token), after60)
      await clock.advance(3_540_000)
      assert.equal(await statusOf(api, token), afterHour)
      assert.ok((api.status()[issuer]?.lag ?? 0) > 3600 || limit > 3600)
    })
  }

  test('off: nothing is asked and nothing is known', async () => {
    const api = await protectApi('off')
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.equal(await statusOf(api, sign()), 200)
  })

  test('a refusal for want of knowledge is 503 with a time to come back, never 401', async () => {
    const api = await protectApi('strict')
    await statusOf(api, sign())
    network.disappear()
    await clock.advance(4000)
    const decision = await decide(api, sign())
    assert.ok(decision.outcome === 'refused')
    assert.deepEqual([decision.error.status, decision.error.code], [503, 'revocation_state_unavailable'])
    assert.equal(decision.error.headers['retry-after'], '2')
    assert.equal(decision.error.headers['www-authenticate'], undefined)
  })

  test('what is known to be revoked stays refused, under every policy', async () => {
    for (const policy of ['strict', 'bounded', 'lenient'] as const) {
      const api = await protectApi(policy)
      await statusOf(api, sign({ sid: 'other' }))
      network.revoke(['s', 'session-1', 0, later])
      await settle()
      network.disappear()
      await clock.advance(100_000)
      assert.equal(await statusOf(api, sign()), 401, policy)
      network = new FakeFeed(clock)
      network.keys = [key]
    }
  })

  test('a route may be stricter than the rest', async () => {
    const api = await protectApi('lenient')
    const strict = createRequirementCheck({ revocation: 'strict' })
    const token = sign()
    assert.equal((await decide(api, token, strict)).outcome, 'accepted')
    network.disappear()
    await clock.advance(4000)
    assert.equal((await decide(api, token)).outcome, 'accepted')
    assert.equal((await decide(api, token, strict)).outcome, 'refused')
  })
})

describe('a feed that is late', () => {
  test('makes it ask the issuer instead, once a token and second', async () => {
    const api = await protectApi('strict')
    const token = sign()
    await statusOf(api, token)
    network.answers.set(streamUri, hang)
    network.end()
    await clock.advance(3500)
    assert.equal(stateOf(api), 'STALE')
    const asked = () => network.requests.filter(({ uri }) => uri === introspectionUri).length
    await Promise.all(Array.from({ length: 20 }, () => api.decide(view(token))))
    assert.equal(asked(), 1)
    await clock.advance(1100)
    network.isActive = false
    assert.equal(await statusOf(api, token), 401)
    assert.equal(asked(), 2)
  })

  test('does not look alive because old heartbeats come late: a relay that holds everything back', async () => {
    const api = await protectApi('strict')
    await live(10)
    assert.equal(stateOf(api), 'LIVE')
    const began = clock.now()
    for (let passed = 0; passed < 20; passed += 0.5) {
      await clock.advance(500)
      network.beat(began + passed / 3)
    }
    await settle()
    assert.equal(stateOf(api), 'STALE')
    assert.ok((api.status()[issuer]?.lag ?? 0) > 10)
  })

  test('is LIVE for 3 s after the last heartbeat, and not longer', async () => {
    const api = await protectApi()
    await live(1)
    network.answers.set(streamUri, hang)
    await clock.advance(2900)
    assert.equal(stateOf(api), 'LIVE')
    await clock.advance(200)
    assert.equal(stateOf(api), 'STALE')
    await clock.advance(30_000)
    assert.equal(stateOf(api), 'DOWN')
  })

  test('is opened again when nothing comes for 3 s: the socket is half open', async () => {
    const api = await protectApi()
    await clock.advance(3100)
    await clock.advance(300)
    assert.equal(network.requests.filter(({ uri }) => uri === streamUri).length, 2)
    assert.equal(stateOf(api), 'LIVE')
  })

  test('is polled when streams open and stay silent', async () => {
    const api = await protectApi()
    network.answers.set(
      streamUri,
      () => new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } }),
    )
    network.answers.set(changesUri, () => Response.json({ reset: 'gap' }))
    const poll = () => {
      const { epoch, seq } = network
      return Response.json({ epoch, p: seq, seq, now: clock.now(), e: [], more: false })
    }
    for (const uri of [changesUri]) network.answers.set(`${uri}?after=first%3A0&wait=1`, poll)
    network.end()
    await clock.advance(20_000)
    assert.equal(stateOf(api), 'LIVE')
  })

  /** Makes the streams silent, so that the feed is polled; `poll` answers. */
  async function pollOnly(poll: (after: string | null) => Response | Promise<Response>): Promise<void> {
    const silent = () => new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
    network.answers.set(streamUri, silent)
    const { fetch } = network
    api = await protectApi('strict', {
      fetch: async (input, init) => {
        const uri = new URL(String(input))
        if (`${uri.origin}${uri.pathname}` !== changesUri) return fetch(input, init)
        return Promise.race([
          poll(uri.searchParams.get('after')),
          new Promise<never>((_resolve, reject) =>
            init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
          ),
        ])
      },
    })
    await clock.advance(15_000)
  }
  let api: Protection

  test('is not LIVE while the poll has more to tell', async () => {
    network.seq = 1
    const states: unknown[] = []
    await pollOnly(async (after) => {
      if (after === 'first:3') return hang()
      const p = after === 'first:1' ? 1 : 2
      if (p === 2) states.push(stateOf(api))
      const e = [['s', `session-${3 - p}`, 0, later]]
      return Response.json({ epoch: 'first', p, seq: p + 1, now: clock.now(), e, more: p === 1 })
    })
    assert.deepEqual(states, ['INIT'])
    assert.equal(await statusOf(api, sign()), 401)
  })

  test('is polled again when a poll hangs: the socket is half open', async () => {
    let polls = 0
    await pollOnly(async () => {
      polls += 1
      if (polls === 1) return hang()
      return Response.json({ epoch: 'first', p: 0, seq: 0, now: clock.now(), e: [], more: false })
    })
    await clock.advance(10_000)
    assert.ok(polls > 1)
    assert.equal(stateOf(api), 'LIVE')
  })

  test('goes on at the place where it was when it comes back', async () => {
    const api = await protectApi()
    network.revoke(['s', 'a', 0, later])
    await settle()
    network.end()
    await clock.advance(200)
    const stream = network.requests.filter(({ uri }) => uri === streamUri).at(-1)
    assert.equal(stream?.headers.get('last-event-id'), 'first:1')
    assert.equal(stateOf(api), 'LIVE')
  })
})

describe('time', () => {
  test('an entry is kept until both clocks say that it has expired', async () => {
    const api = await protectApi()
    network.revoke(['s', 'session-1', 0, Math.floor(clock.now()) + 300])
    await live(200)
    assert.equal(await statusOf(api, sign()), 401)
    await live(200)
    assert.equal(api.status()[issuer]?.entries, 0)
  })

  test('a token ends by the later of the two clocks, if ours is far behind', async () => {
    const api = await protectApi()
    await statusOf(api, sign())
    const token = sign({ exp: Math.floor(clock.now()) + 300, iat: Math.floor(clock.now()) })
    assert.equal(await statusOf(api, token), 200)
    network.beat(clock.now() + 400)
    await settle()
    assert.equal(await statusOf(api, token), 401)
    assert.ok((api.status()[issuer]?.clockOffset ?? 0) > 300)
  })
})

describe('a connection that outlives its request', () => {
  async function accept(api: Protection, claims: object = {}) {
    const decision = await decide(api, sign(claims))
    assert.ok(decision.outcome === 'accepted')
    return decision.auth
  }

  test('ends when its token is revoked, and no other does', async () => {
    const api = await protectApi()
    const ended: string[] = []
    for (const sid of ['session-1', 'session-2']) api.watch(await accept(api, { sid }), () => ended.push(sid))
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    assert.deepEqual(ended, ['session-1'])
    network.revoke(['u', 'user-1', Math.floor(clock.now()) + 1, later])
    await settle()
    assert.deepEqual(ended, ['session-1', 'session-2'])
  })

  test('ends when its token was revoked before the watching began', async () => {
    const api = await protectApi()
    const auth = await accept(api)
    network.revoke(['s', 'session-1', 0, later])
    await settle()
    let isOver = false
    api.watch(auth, () => {
      isOver = true
    })
    assert.equal(isOver, false)
    await clock.advance(1)
    assert.equal(isOver, true)
  })

  test('ends when its token expires', async () => {
    const api = await protectApi('off')
    let isOver = false
    const stop = api.watch(await accept(api), () => {
      isOver = true
    })
    await clock.advance(599_000)
    assert.equal(isOver, false)
    await clock.advance(2000)
    assert.equal(isOver, true)
    stop()
  })

  test('is forgotten when it ends by itself', async () => {
    const api = await protectApi()
    let count = 0
    api.watch(await accept(api), () => {
      count += 1
    })()
    network.revoke(['s', 'session-1', 0, later])
    await clock.advance(700_000)
    assert.equal(count, 0)
  })
})

describe('options of the feed', () => {
  const bad: [string, object, RegExp][] = [
    ['no secret', { feed: { clientId: 'a' } }, /feed: give clientId and clientSecret/],
    ['a policy without a feed', { revocation: 'strict' }, /revocation: give the credentials of the feed too/],
    ['a policy that is none', { feed, revocation: 'loose' }, /revocation: give one of off, strict, bounded, lenient/],
    ['a tolerance beyond the life of entries', { feed, clockTolerance: 31 }, /clockTolerance: give at most 30 seconds/],
  ]
  for (const [what, options, message] of bad) {
    test(`are refused at the start: ${what}`, () => {
      assert.throws(() => createProtection({ issuer, audience, ...options } as never), { message })
    })
  }

  test('a route that asks for more than there is gets 500, and nobody in', async () => {
    const api = createProtection({ issuer, audience, clock, fetch: network.fetch, log: { warn: () => undefined } })
    open.push(api)
    const decision = await decide(api, sign(), createRequirementCheck({ revocation: 'strict' }))
    assert.ok(decision.outcome === 'refused' && decision.error.status === 500)
  })
})
