import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuthorizationServerOptions } from '../../options.ts'
import { ada, type Reply, startTestServer, type TestServer } from '../test-server.ts'

const wrong = { ...ada, password: 'not the password' }

function tryLogin(server: TestServer, credentials: typeof ada, from?: string | null): Promise<Reply> {
  return server.call('POST', '/api/auth/login', { json: credentials, ...(from !== undefined && { from }) })
}

async function statusesOf(times: number, attempt: (turn: number) => Promise<Reply>): Promise<number[]> {
  const statuses: number[] = []
  for (let turn = 0; turn < times; turn++) statuses.push((await attempt(turn)).status)
  return statuses
}

/** A server with accounts of the application's own, which tell how often a password was judged. */
function startCounting(t: TestContext, rateLimits: AuthorizationServerOptions['rateLimits']) {
  const profile = { id: 'ada', email: ada.email, emailVerified: true, roles: [], createdAt: 0 }
  const judged = { count: 0 }
  const server = startTestServer(t, {
    ...(rateLimits && { rateLimits }),
    accounts: {
      async verifyCredentials(email, password) {
        judged.count++
        await sleep(5)
        return email === ada.email && password === ada.password ? profile : undefined
      },
      findAccount: async (id) => (id === profile.id ? profile : undefined),
    },
  })
  return { server, judged }
}

describe('wrong passwords of one account from one network', () => {
  test('are refused from the eleventh on, with 429, Retry-After and a reason in the log', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    assert.deepEqual(new Set(await statusesOf(10, () => tryLogin(server, wrong))), new Set([401]))
    const reply = await tryLogin(server, ada)
    assert.equal(reply.status, 429)
    assert.equal(reply.headers.get('content-type'), 'application/problem+json')
    assert.equal(reply.json.code, 'too_many_requests')
    assert.equal(reply.json.error, 'too_many_requests')
    const wait = Number(reply.headers.get('retry-after'))
    assert.ok(Number.isInteger(wait) && wait > 850 && wait <= 900, String(wait))
    const line = server.log.at(-1)?.fields
    assert.match(String(line?.reason), /^loginPerAccountAndNetwork: .* COUNTERSIGN_TRUSTED_PROXIES/)
    assert.equal(line?.code, 'too_many_requests')
  })

  test('are refused alike for an address that nobody has', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    const known = await statusesOf(12, () => tryLogin(server, wrong))
    const unknown = await statusesOf(12, () => tryLogin(server, { ...wrong, email: 'nobody@example.com' }))
    assert.deepEqual(unknown, known)
    const [first, second] = [
      await tryLogin(server, wrong),
      await tryLogin(server, { ...wrong, email: 'nobody@example.com' }),
    ]
    assert.equal(first.text, second.text)
  })

  test('are counted under every spelling of an address that may be the same', async (t) => {
    const server = startTestServer(t)
    const spellings = ['José@example.com', 'jose@example.com', 'JOSÉ@EXAMPLE.COM', 'jose\u0301@example.com']
    const attempt = (turn: number) => tryLogin(server, { ...wrong, email: spellings[turn % 4] ?? '' })
    assert.deepEqual((await statusesOf(12, attempt)).slice(9), [401, 429, 429])
  })

  test('are forgotten when the right one comes', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    for (let round = 0; round < 3; round++) {
      await statusesOf(9, () => tryLogin(server, wrong))
      assert.equal((await tryLogin(server, ada)).status, 200)
    }
  })

  test('may be tried again when the time is over, which a refusal does not prolong', async (t) => {
    const server = startTestServer(t, { rateLimits: { loginPerAccountAndNetwork: '2/2s' } })
    await server.signUp()
    const began = performance.now()
    await statusesOf(2, () => tryLogin(server, wrong))
    while ((await tryLogin(server, ada)).status === 429) await sleep(50)
    const took = performance.now() - began
    assert.ok(took > 1500 && took < 3500, `${took} ms`)
  })

  test('count for all of an IPv6 /64, and for no other network', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    await statusesOf(10, (turn) => tryLogin(server, wrong, `2001:db8:0:7::${turn}`))
    assert.equal((await tryLogin(server, ada, '2001:db8:0:7:ffff::1')).status, 429)
    assert.equal((await tryLogin(server, ada, '2001:db8:0:8::1')).status, 200)
  })

  test('a refused attempt is not judged: nothing is hashed or looked up', async (t) => {
    const { server, judged } = startCounting(t, undefined)
    await statusesOf(30, () => tryLogin(server, wrong))
    assert.equal(judged.count, 10)
  })

  test('two hundred at once are judged no oftener than the limit and the few that are judged together', async (t) => {
    const { server, judged } = startCounting(t, undefined)
    const replies = await Promise.all(Array.from({ length: 200 }, () => tryLogin(server, wrong)))
    assert.ok(judged.count >= 10 && judged.count <= 13, String(judged.count))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401, 429]))
  })

  test('fifty right ones at once all sign in', async (t) => {
    const { server } = startCounting(t, undefined)
    const replies = await Promise.all(Array.from({ length: 50 }, () => tryLogin(server, ada)))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  })
})

describe('wrong passwords of one account from many networks', () => {
  const attack = (server: TestServer, times: number) =>
    statusesOf(times, (turn) => tryLogin(server, wrong, `198.51.100.${turn}`))

  test('are refused from the thirty-first on, also the right one from a network that the account does not know', async (t) => {
    const server = startTestServer(t)
    await server.call('POST', '/api/auth/register', { json: ada })
    const statuses = await attack(server, 33)
    assert.deepEqual(statuses.slice(28), [401, 401, 429, 429, 429])
    assert.equal((await tryLogin(server, ada, '203.0.113.1')).status, 429)
  })

  test('do not shut the owner out of a network from which the account has signed in', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    await attack(server, 40)
    assert.equal((await tryLogin(server, ada)).status, 200)
    assert.equal((await tryLogin(server, wrong)).status, 401)
    assert.equal((await tryLogin(server, ada)).status, 200)
  })

  test('one network alone cannot use up what the account has for all', async (t) => {
    const server = startTestServer(t)
    await server.call('POST', '/api/auth/register', { json: ada })
    await statusesOf(100, () => tryLogin(server, wrong, '198.51.100.1'))
    assert.equal((await tryLogin(server, ada, '203.0.113.1')).status, 200)
  })

  test('are all that counts where no address is known', async (t) => {
    const server = startTestServer(t)
    const statuses = await statusesOf(32, () => tryLogin(server, wrong, null))
    assert.deepEqual(statuses.slice(28), [401, 401, 429, 429])
  })
})

describe('wrong passwords of many accounts from one network', () => {
  const rateLimits = { loginPerNetwork: '20/15m' }
  const stuff = (server: TestServer, times: number) =>
    statusesOf(times, (turn) => tryLogin(server, { ...wrong, email: `user-${turn}@example.com` }))

  test('are refused past the limit of the network, and from no other', async (t) => {
    const server = startTestServer(t, { rateLimits })
    assert.deepEqual((await stuff(server, 22)).slice(18), [401, 401, 429, 429])
    assert.equal((await tryLogin(server, wrong, '203.0.113.1')).status, 401)
  })

  test('do not shut out those of the same network who have signed in from it', async (t) => {
    const server = startTestServer(t, { rateLimits })
    await server.signUp()
    await stuff(server, 22)
    assert.equal((await tryLogin(server, ada)).status, 200)
  })
})

test('with dangerouslyDisableRateLimits nothing is refused', async (t) => {
  const server = startTestServer(t, { dangerouslyDisableRateLimits: true })
  assert.deepEqual(new Set(await statusesOf(40, () => tryLogin(server, wrong))), new Set([401]))
})
