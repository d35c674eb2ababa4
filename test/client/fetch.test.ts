// Who gets the token, and what a 401 means (protocol C6, C7).
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { ClientError } from '@countersign/client'
import { settle, until } from './fake-time.ts'
import { ada, bob } from './live-server.ts'
import { SharedStorage } from './open-client.ts'
import { moment, signedIn } from './signed-in.ts'

const orders = '/api/orders'
const isOf = (code: string) => (error: unknown) => error instanceof ClientError && error.code === code

/** A server of another origin that writes down what it is sent. */
async function startOther(t: TestContext): Promise<{ origin: string; received: IncomingHttpHeaders[] }> {
  const received: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    received.push(request.headers)
    response.end('{}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

describe('the token goes', () => {
  test('to the origin of issuer and page, by whatever kind of address', async (t) => {
    const { client, live } = await signedIn(t)
    const inputs = [orders, new URL(orders, live.issuer), new Request(live.issuer + orders)]
    for (const input of inputs) assert.equal((await client.fetch(input)).status, 200)
  })

  test('to no other origin', async (t) => {
    const { client, live } = await signedIn(t)
    const other = await startOther(t)
    const { port } = new URL(live.issuer)
    await client.fetch(other.origin)
    await client.fetch(new Request(other.origin, { method: 'POST', body: 'x' }))
    await client.fetch(`//${new URL(other.origin).host}/path`)
    await client.fetch(`http://127.0.0.1:${port}${orders}`)
    assert.deepEqual(
      [...other.received, ...live.proxy.seen.filter(({ path }) => path === orders).map(({ headers }) => headers)].map(
        ({ authorization }) => authorization,
      ),
      [undefined, undefined, undefined, undefined],
    )
  })

  test('to the origins that are named, and then to these only', async (t) => {
    const other = await startOther(t)
    const { client } = await signedIn(t, { apiOrigins: [other.origin] })
    await client.fetch(other.origin)
    assert.match(other.received[0]?.authorization ?? '', /^Bearer ey/)
    assert.equal((await client.fetch(orders)).status, 401)
  })

  test('nowhere by a redirect, unless that is asked for, and then not to another origin', async (t) => {
    const { client, live } = await signedIn(t)
    const other = await startOther(t)
    for (const status of [301, 302, 303, 307, 308]) {
      live.own = ({ path }) => (path === '/moved' ? { status, headers: { location: other.origin } } : undefined)
      await assert.rejects(client.fetch('/moved'), isOf('redirect_refused'))
      assert.equal((await client.fetch('/moved', { redirect: 'manual' })).status, status)
      await assert.rejects(client.fetch('/moved', { redirect: 'error' }), TypeError)
    }
    assert.equal(other.received.length, 0)
    assert.equal((await client.fetch('/moved', { redirect: 'follow' })).status, 200)
    assert.deepEqual(
      other.received.map(({ authorization }) => authorization),
      [undefined],
    )
  })

  test('not in place of what the caller wants to send', async (t) => {
    const { client, live, refreshes } = await signedIn(t)
    await client.fetch(orders, { headers: { Authorization: 'Basic YTpi' } })
    await client.fetch(new Request(live.issuer + orders, { headers: { authorization: 'Basic YTpi' } }))
    assert.deepEqual(
      live.proxy.seen.filter(({ path }) => path === orders).map(({ headers }) => headers.authorization),
      ['Basic YTpi', 'Basic YTpi'],
    )
    assert.equal(refreshes(), 0)
  })

  test('from nobody: the request is sent without', async (t) => {
    const { client } = await signedIn(t)
    await client.logout()
    assert.equal((await client.fetch(orders)).status, 401)
  })
})

describe('a request', () => {
  test('keeps its method, headers and body', async (t) => {
    const { client, live } = await signedIn(t)
    const init = { method: 'POST', headers: { 'content-type': 'text/plain', 'x-mine': '1' }, body: 'coffee' }
    for (const send of [
      () => client.fetch(orders, init),
      () => client.fetch(new Request(live.issuer + orders, init)),
      () => client.fetch(new Request(live.issuer + orders), init),
    ]) {
      const { method, body } = (await (await send()).json()) as { method: string; body: string }
      assert.deepEqual([method, body], ['POST', 'coffee'])
      const { headers } = live.proxy.seen.at(-1) ?? { headers: {} as IncomingHttpHeaders }
      assert.deepEqual([headers['content-type'], headers['x-mine']], ['text/plain', '1'])
    }
  })

  test('with a token that has run out is sent once, after a refresh', async (t) => {
    const { client, live, time, refreshes } = await signedIn(t)
    time.sleep(700_000)
    assert.equal((await client.fetch(orders)).status, 200)
    assert.deepEqual([refreshes(), live.proxy.count(orders)], [1, 1])
  })

  test('that was begun as one user is not sent as another', async (t) => {
    const { client, live, time, storage, open } = await signedIn(t)
    const other = new SharedStorage()
    await open({ storage: other }).client.login(bob)
    storage.stored = other.stored
    time.sleep(700_000)
    await assert.rejects(client.fetch(orders, { method: 'POST', body: 'x' }), isOf('session_changed'))
    assert.equal(live.proxy.count(orders), 0)
    assert.equal((await client.fetch(orders)).status, 200)
  })

  test('can be aborted', async (t) => {
    const { client } = await signedIn(t)
    await assert.rejects(client.fetch(orders, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  test('works with the function passed on by itself', async (t) => {
    const { fetch } = (await signedIn(t)).client
    assert.equal((await fetch(orders)).status, 200)
  })
})

describe('after a 401', () => {
  test('twenty requests at once are all sent again after one refresh (C6)', async (t) => {
    const { client, live, time, refreshes } = await signedIn(t)
    // The API's clock is ahead: the token has run out there.
    time.skew = -700_000
    time.sleep(700_000)
    const init = { method: 'POST', body: 'coffee' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(orders, init)))
    for (const answer of answers) {
      assert.equal(answer.status, 200)
      assert.equal(((await answer.json()) as { body: string }).body, 'coffee')
    }
    assert.deepEqual([refreshes(), live.proxy.count(orders)], [1, 40])
  })

  for (const [what, body, again] of [
    ['text', () => 'a', true],
    ['bytes', () => new TextEncoder().encode('a'), true],
    ['a blob', () => new Blob(['a']), true],
    ['parameters', () => new URLSearchParams({ a: '1' }), true],
    ['a form', () => form(), true],
    ['a stream', () => new Blob(['a']).stream(), false],
    ['an iterable', () => iterate(), false],
  ] as const) {
    test(`a body that is ${what} is ${again ? '' : 'not '}sent again`, async (t) => {
      const { client, time, refreshes } = await signedIn(t)
      time.skew = -700_000
      time.sleep(700_000)
      const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit
      assert.equal((await client.fetch(orders, init)).status, again ? 200 : 401)
      assert.equal(refreshes(), 1)
      const next = await client.fetch(orders, { ...init, body: body() } as RequestInit)
      assert.equal(next.status, 200)
    })
  }

  test('a Request with a body is not sent again, one without is', async (t) => {
    const { client, live, time } = await signedIn(t)
    time.skew = -700_000
    time.sleep(700_000)
    const withBody = new Request(live.issuer + orders, { method: 'POST', body: 'a' })
    assert.equal((await client.fetch(withBody)).status, 401)
    time.skew -= 700_000
    time.sleep(700_000)
    assert.equal((await client.fetch(new Request(live.issuer + orders))).status, 200)
  })

  test('a second one is what the caller gets (C7)', async (t) => {
    const { client, live, refreshes } = await signedIn(t)
    live.own = ({ path }) => (path === orders ? { status: 401, body: 'never' } : undefined)
    const answer = await client.fetch(orders)
    assert.deepEqual([answer.status, await answer.text()], [401, 'never'])
    assert.deepEqual([refreshes(), live.proxy.count(orders)], [1, 2])
  })

  test('for a token that was replaced meanwhile no refresh is needed', async (t) => {
    const { client, live, time, refreshes } = await signedIn(t)
    const late = moment()
    let isFirst = true
    live.proxy.fault = ({ path }) => {
      if (path !== orders || !isFirst) return undefined
      isFirst = false
      return { kind: 'hold answer', until: late.until }
    }
    time.skew = -700_000
    time.sleep(700_000)
    const slow = client.fetch(orders)
    await until(() => !isFirst)
    assert.equal((await client.fetch(orders)).status, 200)
    assert.equal(refreshes(), 1)
    late.come()
    assert.equal((await slow).status, 200)
    assert.equal(refreshes(), 1)
  })

  test('the request is not sent again as another user', async (t) => {
    const { client, live } = await signedIn(t)
    const late = moment()
    live.own = ({ path }) => (path === orders ? { status: 401, body: '{}' } : undefined)
    live.proxy.fault = ({ path }) => (path === orders ? { kind: 'hold answer', until: late.until } : undefined)
    const slow = client.fetch(orders, { method: 'POST', body: 'from Ada' })
    await until(() => live.proxy.count(orders) === 1)
    await client.login(bob)
    late.come()
    assert.equal((await slow).status, 401)
    assert.equal(live.proxy.count(orders), 1)
  })

  test('the caller gets it when the refresh does not work out', async (t) => {
    const { client, live, time, states } = await signedIn(t)
    time.skew = -700_000
    time.sleep(700_000)
    live.proxy.fault = ({ path }) => (path === orders ? undefined : { kind: 'refuse' })
    const asked = client.fetch(orders)
    await until(() => live.proxy.count('/api/auth/refresh') === 1)
    await time.pass(20_000)
    assert.equal((await asked).status, 401)
    assert.deepEqual(states, [])
  })

  for (const status of [400, 403, 500, 503]) {
    test(`and not after a ${status}, there is a refresh`, async (t) => {
      const { client, live, refreshes } = await signedIn(t)
      live.own = ({ path }) => (path === orders ? { status, body: '{}' } : undefined)
      assert.equal((await client.fetch(orders)).status, status)
      assert.deepEqual([refreshes(), live.proxy.count(orders)], [0, 1])
    })
  }
})

describe('an API that wants a more recent sign-in', () => {
  const wanted = {
    status: 401,
    headers: {
      'www-authenticate':
        'Bearer realm="api", error="insufficient_user_authentication", acr_values="gold silver", max_age="300"',
    },
    body: '{}',
  }

  test('is heard: no refresh, and the state says what is wanted until the next sign-in', async (t) => {
    const { client, live, states, refreshes } = await signedIn(t)
    live.own = ({ path }) => (path === orders ? wanted : undefined)
    assert.equal((await client.fetch(orders)).status, 401)
    const { session } = client
    assert.ok(session.status === 'step-up-required')
    assert.deepEqual([session.acrValues, session.maxAge], ['gold silver', 300])
    assert.ok(await client.getAccessToken())
    await client.getAccessToken({ minimumLifetime: 9999 })
    assert.equal(client.session.status, 'step-up-required')
    await client.login(ada)
    await settle()
    assert.deepEqual([states, refreshes()], [['step-up-required', 'signed-in'], 1])
  })

  test('is heard by its body, where CORS hides the header', async (t) => {
    const { client, live } = await signedIn(t)
    const body = JSON.stringify({ code: 'insufficient_user_authentication' })
    const headers = { 'content-type': 'application/problem+json; charset=utf-8' }
    live.own = ({ path }) => (path === orders ? { status: 401, headers, body } : undefined)
    const answer = await client.fetch(orders)
    assert.equal(await answer.text(), body)
    assert.equal(client.session.status, 'step-up-required')
  })

  test('is heard after a refresh too', async (t) => {
    const { client, live } = await signedIn(t)
    let count = 0
    live.own = ({ path }) => (path === orders ? (++count === 1 ? { status: 401, body: '{}' } : wanted) : undefined)
    assert.equal((await client.fetch(orders)).status, 401)
    assert.deepEqual([count, client.session.status], [2, 'step-up-required'])
  })
})

function form(): FormData {
  const data = new FormData()
  data.set('a', '1')
  return data
}

async function* iterate(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('a')
}
