import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { exportJwkSet, exportPublicJwk, generateKey, type Key } from '@countersign/token'
import { AccessError } from '../access-error.ts'
import type { Decision } from '../auth.ts'
import type { CommonOptions } from '../options.ts'
import { createProtection, type Protection } from '../protection.ts'
import { audience, FakeIssuer, hang, issuer, jwksUri, metadataUri, openidUri } from '../test/fake-issuer.ts'
import { ManualClock, settle } from '../test/manual-clock.ts'

const minute = 60_000
const hour = 60 * minute

let clock: ManualClock
let network: FakeIssuer
let lines: { event: string; [field: string]: unknown }[]
let key: Key

beforeEach(async () => {
  clock = new ManualClock()
  network = new FakeIssuer(clock)
  lines = []
  key = await network.addKey()
})

function protectApi(options: Partial<CommonOptions> = {}): Protection {
  const log = { warn: (fields: object) => void lines.push(fields as { event: string }) }
  return createProtection({ issuer, audience, clock, log, fetch: network.fetch, ...options })
}

async function decide(api: Protection, token: string): Promise<Decision> {
  return api.decide({ method: 'GET', header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined) })
}

async function statusOf(api: Protection, token: string): Promise<number> {
  return toStatus(await decide(api, token))
}

function toStatus(decision: Decision): number {
  return decision.outcome === 'refused' ? decision.error.status : 200
}

/** Asks now and looks at the answer later, when the test has moved the clock. */
function ask(api: Protection, token: string): { status: number | undefined } {
  const asked: { status: number | undefined } = { status: undefined }
  void decide(api, token).then((decision) => {
    asked.status = toStatus(decision)
  })
  return asked
}

describe('the first request', () => {
  test('finds the JWK Set through the metadata of the authorization server (RFC 8414 §3)', async () => {
    assert.equal(await statusOf(protectApi(), network.sign(key)), 200)
    assert.deepEqual(
      network.requests.map(({ uri }) => uri),
      [metadataUri, jwksUri],
    )
  })

  test('finds it through the metadata of an OpenID provider where there are no others (Discovery 1.0 §4)', async () => {
    network.answers.delete(metadataUri)
    network.answers.set(openidUri, () => Response.json({ issuer, jwks_uri: jwksUri }))
    assert.equal(await statusOf(protectApi(), network.sign(key)), 200)
  })

  test('passes over a page that a server answers for every path', async () => {
    network.answers.set(metadataUri, () => new Response('<html>', { headers: { 'content-type': 'text/html' } }))
    network.answers.set(openidUri, () => Response.json({ issuer, jwks_uri: jwksUri }))
    assert.equal(await statusOf(protectApi(), network.sign(key)), 200)
  })

  test('refuses metadata that name another issuer (RFC 8414 §3.3)', async () => {
    network.answers.set(metadataUri, () => Response.json({ issuer: `${issuer}/`, jwks_uri: jwksUri }))
    assert.equal(await statusOf(protectApi(), network.sign(key)), 503)
    assert.match(String(lines[0]?.reason), /another issuer than "https:\/\/issuer\.example"/)
    assert.equal(network.jwksRequests, 0)
  })

  test('refuses metadata that lead to plain http on another machine', async () => {
    network.answers.set(metadataUri, () => Response.json({ issuer, jwks_uri: 'http://issuer.example/jwks.json' }))
    assert.equal(await statusOf(protectApi(), network.sign(key)), 503)
    assert.match(String(lines[0]?.reason), /names no jwks_uri with https/)
  })

  test('many at once cause one request, and all wait for it', async () => {
    const api = protectApi()
    const statuses = await Promise.all(Array.from({ length: 100 }, () => statusOf(api, network.sign(key))))
    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.equal(network.requests.length, 2)
  })

  test('is answered with 503 within 3 s when the issuer hangs, and the next one at once', async () => {
    network.answers.set(jwksUri, hang)
    const api = protectApi()
    const asked = ask(api, network.sign(key))
    await clock.advance(2400)
    assert.equal(asked.status, undefined)
    await clock.advance(600)
    assert.equal(asked.status, 503)
    assert.equal(lines[0]?.reason, `${jwksUri} did not answer in time`)
  })

  test('is answered at once within 2 s of a failure, without another request', async () => {
    network.answers.set(jwksUri, () => new Response('', { status: 500 }))
    const api = protectApi()
    assert.equal(await statusOf(api, network.sign(key)), 503)
    assert.equal(await statusOf(api, network.sign(key)), 503)
    assert.equal(network.jwksRequests, 1)
    network.answers.set(jwksUri, () => Response.json(exportJwkSet([key])))
    await clock.advance(2300)
    assert.equal(await statusOf(api, network.sign(key)), 200)
  })

  test('names the time to come back in a 503 (RFC 9110 §10.2.3)', async () => {
    network.answers.clear()
    const decision = await decide(protectApi(), network.sign(key))
    assert.ok(decision.outcome === 'refused')
    assert.equal(decision.error.headers['retry-after'], '2')
    assert.equal(decision.error.headers['www-authenticate'], undefined)
  })
})

describe('keys at hand', () => {
  test('are refreshed in the background before they are stale, so that no request waits', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    for (let round = 2; round < 20; round += 1) {
      await clock.advance(4 * minute + 20_000)
      assert.ok(!(api.decide({ method: 'GET', header: () => `Bearer ${network.sign(key)}` }) instanceof Promise))
    }
    assert.ok(network.jwksRequests >= 18 && network.jwksRequests <= 24, String(network.jwksRequests))
  })

  for (const [header, lifetime] of [
    ['max-age=1', 60],
    ['no-store', 60],
    ['max-age=120', 120],
    ['public, max-age=100000', 600],
    ['public', 300],
  ] as const) {
    test(`are kept for ${lifetime} s at the most with Cache-Control: ${header} (RFC 9111 §5.2.2.1)`, async () => {
      network.answers.set(jwksUri, () =>
        Response.json(exportJwkSet(network.keys), { headers: { 'cache-control': header } }),
      )
      await statusOf(protectApi(), network.sign(key))
      await clock.advance(lifetime * 740)
      assert.equal(network.jwksRequests, 1)
      await clock.advance(lifetime * 120)
      assert.equal(network.jwksRequests, 2)
    })
  }

  test('are dead within the cache lifetime once the issuer has removed them', async () => {
    const api = protectApi()
    const token = network.sign(key)
    assert.equal(await statusOf(api, token), 200)
    network.keys = []
    const successor = await network.addKey()
    await clock.advance(5 * minute)
    assert.equal(await statusOf(api, network.sign(successor)), 200)
    const asked = ask(api, token)
    await clock.advance(2000)
    assert.equal(asked.status, 401)
  })

  test('are dead also when the issuer has no key any more', async () => {
    const api = protectApi()
    const token = network.sign(key)
    assert.equal(await statusOf(api, token), 200)
    network.keys = []
    await clock.advance(5 * minute)
    const asked = ask(api, token)
    await clock.advance(2000)
    assert.equal(asked.status, 401)
  })

  test('are asked for again by a request that comes after the machine has slept', async () => {
    const api = protectApi()
    const token = network.sign(key)
    assert.equal(await statusOf(api, token), 200)
    clock.jump(400)
    network.keys = [await generateKey('ES256')]
    await clock.advance(2000)
    const asked = ask(api, token)
    await clock.advance(2100)
    assert.equal(asked.status, 401)
  })

  test('are asked for with the entity tag, and kept on 304 (RFC 9110 §13.1.2)', async () => {
    const api = protectApi()
    network.answers.set(jwksUri, () => Response.json(exportJwkSet([key]), { headers: { etag: '"one"' } }))
    await statusOf(api, network.sign(key))
    network.answers.set(jwksUri, () => new Response(null, { status: 304 }))
    await clock.advance(20 * minute)
    assert.equal(network.requests.at(-1)?.headers.get('if-none-match'), '"one"')
    assert.equal(await statusOf(api, network.sign(key)), 200)
    assert.deepEqual(lines, [])
  })
})

describe('an issuer that is away', () => {
  test('changes nothing for tokens of known keys, for 24 hours, and no request waits', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    network.answers.clear()
    for (let passed = 0; passed < 23; passed += 1) {
      await clock.advance(hour)
      assert.equal(await statusOf(api, network.sign(key)), 200)
    }
    await clock.advance(hour + 10 * minute)
    assert.equal(await statusOf(api, network.sign(key)), 503)
  })

  test('is asked again after 2, 4, 8 … 60 s, and not at each request', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    network.answers.clear()
    await clock.advance(hour)
    for (let turn = 0; turn < 100; turn += 1) await statusOf(api, network.sign(key))
    const gaps = network.requests
      .map(({ at }, index) => at - (network.requests[index - 1]?.at ?? 0))
      .filter((gap) => gap > 100)
    assert.ok(gaps.length > 50 && gaps.length < 70, String(gaps.length))
    assert.ok(gaps.every((gap) => gap >= 2000))
  })

  test('that comes back is used again at once', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    const answers = new Map(network.answers)
    network.answers.clear()
    await clock.advance(hour)
    for (const [uri, answer] of answers) network.answers.set(uri, answer)
    const successor = await network.addKey()
    await clock.advance(67_000)
    assert.equal(await statusOf(api, network.sign(successor)), 200)
  })

  test('is tolerated for as long as the option says', async () => {
    const api = protectApi({ outageTolerance: '1h' })
    await statusOf(api, network.sign(key))
    network.answers.clear()
    await clock.advance(59 * minute)
    assert.equal(await statusOf(api, network.sign(key)), 200)
    await clock.advance(2 * minute)
    assert.equal(await statusOf(api, network.sign(key)), 503)
  })

  test('leaves a token with an unknown key undecided: 503 and not 401', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    network.answers.clear()
    const asked = ask(api, network.sign(await generateKey('ES256')))
    await clock.advance(3000)
    assert.equal(asked.status, 503)
  })

  const bad: [string, () => Response, RegExp][] = [
    ['a redirect', () => Response.redirect('https://evil.example/jwks.json', 302), /answered 302/],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), /another type than JSON/],
    [
      'broken JSON',
      () => new Response('{"keys":[', { headers: { 'content-type': 'application/json' } }),
      /else than JSON/,
    ],
    ['something else', () => Response.json({ kids: [] }), /no JWK Set/],
    ['null', () => Response.json(null), /no JWK Set/],
    ['too many bytes', () => Response.json({ keys: [], padding: 'x'.repeat(200_000) }), /more than 100000 bytes/],
    ['too many keys', () => Response.json({ keys: Array.from({ length: 33 }, () => ({})) }), /more than 32 keys/],
  ]
  for (const [what, answer, reason] of bad) {
    test(`counts as away when it answers with ${what}`, async () => {
      const api = protectApi()
      await statusOf(api, network.sign(key))
      network.answers.set(jwksUri, answer)
      await clock.advance(10 * minute)
      assert.equal(await statusOf(api, network.sign(key)), 200)
      assert.match(String(lines.find(({ event }) => event === 'jwks.unavailable')?.reason), reason)
    })
  }
})

describe('unknown key ids', () => {
  test('cause at most one request every 2 s, however many arrive', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    const forged = await Promise.all(Array.from({ length: 50 }, () => generateKey('ES256')))
    for (let second = 0; second < 20; second += 1) {
      for (let turn = 0; turn < 50; turn += 1) for (const one of forged) ask(api, network.sign(one))
      await clock.advance(1000)
    }
    assert.ok(network.jwksRequests <= 12, String(network.jwksRequests))
  })

  test('a new key is accepted within 2 s in the middle of a flood, and its first token waits instead of failing', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    const forged = await generateKey('ES256')
    for (let turn = 0; turn < 200; turn += 1) ask(api, network.sign(forged))
    await clock.advance(500)
    const successor = await network.addKey()
    const asked = ask(api, network.sign(successor))
    await clock.advance(2000)
    assert.equal(asked.status, 200)
  })

  test('no more than 256 requests wait; the others are refused at once', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    const token = network.sign(await generateKey('ES256'))
    const asked = Array.from({ length: 1000 }, () => ask(api, token))
    await settle()
    assert.equal(asked.filter(({ status }) => status === 401).length, 1000 - 256)
    await clock.advance(2000)
    assert.equal(asked.filter(({ status }) => status === 401).length, 1000)
  })

  test('of tokens of another issuer cause no request', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    const token = network.sign(await generateKey('ES256'), { iss: 'https://evil.example' })
    assert.equal(await statusOf(api, token), 401)
    await clock.advance(3000)
    assert.equal(network.jwksRequests, 1)
  })

  test('wait for no more than 3 s when the issuer hangs', async () => {
    const api = protectApi()
    await statusOf(api, network.sign(key))
    await clock.advance(2000)
    network.answers.set(jwksUri, hang)
    const asked = ask(api, network.sign(await generateKey('ES256')))
    await clock.advance(2950)
    assert.equal(asked.status, 503)
    assert.equal(await statusOf(api, network.sign(key)), 200)
  })
})

describe('keys that are no use', () => {
  test('are skipped with a warning, and spoil nothing', async () => {
    const { publicKey } = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
      true,
      ['sign', 'verify'],
    )
    const weak = { ...(await crypto.subtle.exportKey('jwk', publicKey)), alg: 'RS256', kid: 'weak', key_ops: undefined }
    network.answers.set(jwksUri, () =>
      Response.json({
        keys: [weak, { kty: 'oct', k: 'AAAA', kid: 'secret' }, { kty: 'future' }, ...exportJwkSet([key]).keys],
      }),
    )
    assert.equal(await statusOf(protectApi(), network.sign(key)), 200)
    const skipped = lines.filter(({ event }) => event === 'jwks.key-skipped')
    assert.deepEqual(
      skipped.map(({ kid }) => kid),
      ['weak', 'secret', undefined],
    )
    assert.match(String(skipped[0]?.reason), /1024 bits/)
  })

  test('a key without alg is for the usual algorithm of its type', async () => {
    const { alg: _, ...jwk } = exportPublicJwk(key)
    network.answers.set(jwksUri, () => Response.json({ keys: [jwk] }))
    assert.equal(await statusOf(protectApi(), network.sign(key)), 200)
  })
})

test('close stops the refreshing', async () => {
  const api = protectApi()
  await statusOf(api, network.sign(key))
  api.close()
  await clock.advance(hour)
  assert.equal(network.jwksRequests, 1)
})

test('a failure of the network is an AccessError with its own code', async () => {
  network.answers.clear()
  const decision = await decide(protectApi(), network.sign(key))
  assert.ok(decision.outcome === 'refused' && decision.error instanceof AccessError)
  assert.equal(decision.error.code, 'keys_unavailable')
})
