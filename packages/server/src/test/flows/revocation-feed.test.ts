import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createVerifier, importJwkSet } from '@countersign/token'
import { parseRevocationChanges, parseRevocationSnapshot, type RevocationEntry } from '@countersign/token/revocations'
import { newLocation } from '../../store/sqlite/sqlite-store.fixture.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { EventReader } from '../event-reader.ts'
import { createTestClient, form } from '../test-client.ts'
import { claimsOf, issuer, startTestServer, type TestServer, type Tokens } from '../test-server.ts'

interface FeedServer extends TestServer {
  readonly token: string
  readonly clientId: string
  snapshot(): Promise<ReturnType<typeof parseRevocationSnapshot>>
  /** The client's credentials (RFC 7617). */
  readonly basic: string
  stream(lastEventId?: string, token?: string): Promise<EventReader>
}

async function startFeed(t: TestContext, options: Parameters<typeof startTestServer>[1] = {}): Promise<FeedServer> {
  const server = startTestServer(t, options)
  const client = await createTestClient(server, ['revocations:read'])
  const token = await client.token()
  t.after(() => server.server.close())
  const snapshot = async () =>
    parseRevocationSnapshot((await server.call('GET', '/revocations/snapshot', { token })).json)
  const stream = async (lastEventId?: string, by = token) => {
    const headers = {
      authorization: `Bearer ${by}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    }
    const response = await server.server.fetch(new Request(`${issuer}/revocations/stream`, { headers }))
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.ok(response.body)
    const reader = new EventReader(response.body)
    t.after(() => reader.close())
    return reader
  }
  return { ...server, token, clientId: client.id, basic: client.basic, snapshot, stream }
}

describe('the snapshot', () => {
  test('holds what an acknowledged act has revoked', async (t) => {
    const { signUp, call, snapshot } = await startFeed(t)
    const { accessToken, refreshToken } = await signUp()
    const { sid } = claimsOf(accessToken)
    assert.deepEqual((await snapshot()).entries, [])
    await new Promise((resolve) => setTimeout(resolve, 1010))
    await call('POST', '/api/auth/logout', { json: { refreshToken } })
    const { entries, iss, seq, max_ttl: longest } = await snapshot()
    assert.deepEqual(
      entries.map(([kind, value]) => [kind, value]),
      [['s', sid]],
    )
    assert.deepEqual([iss, seq, longest], [issuer, 1, 600])
  })

  test('holds everything that was revoked while nobody followed, however much', async (t) => {
    const { store, snapshot, stream } = await startFeed(t)
    for (let act = 0; act < 2100; act += 1)
      await store.revoke({ kind: 'token', jti: `token-${act}` }, { actor: 'test', reason: '' })
    const { entries, epoch, seq } = await snapshot()
    assert.equal(entries.length, 2100)
    assert.deepEqual((await (await stream(`${epoch}:${seq}`)).next())?.data.seq, 2100)
  })

  test('is built once for all who ask, however long that takes, and is written in pieces that nobody sees', async (t) => {
    const { store, call, token } = await startFeed(t)
    const { readSnapshot } = store
    const many: RevocationEntry[] = Array.from({ length: 25_000 }, (_, n) => ['j', `token-${n}`, 0, 9_999_999_999])
    let builds = 0
    store.readSnapshot = async () => {
      builds += 1
      const found = await readSnapshot()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return { ...found, entries: many }
    }
    const first = call('GET', '/revocations/snapshot', { token })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const replies = await Promise.all([first, call('GET', '/revocations/snapshot', { token })])
    replies.push(await call('GET', '/revocations/snapshot', { token }))
    assert.equal(builds, 1)
    for (const { text } of replies) assert.deepEqual(parseRevocationSnapshot(JSON.parse(text)).entries, many)
  })

  test('has an entity tag, which is a place in the feed, and comes zipped on request', async (t) => {
    const { call, token, snapshot } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const reply = await call('GET', '/revocations/snapshot', { token })
    assert.equal(reply.headers.get('etag'), `"${epoch}:${seq}"`)
    const headers = { 'if-none-match': reply.headers.get('etag') ?? '' }
    assert.equal((await call('GET', '/revocations/snapshot', { token, headers })).status, 304)
  })

  test('comes zipped', async (t) => {
    const { server, token, snapshot } = await startFeed(t)
    const expected = await snapshot()
    const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' }
    const response = await server.fetch(new Request(`${issuer}/revocations/snapshot`, { headers }))
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    const unzipped = gunzipSync(Buffer.from(await response.arrayBuffer())).toString()
    assert.deepEqual(JSON.parse(unzipped).epoch, expected.epoch)
  })

  test('comes signed, for relays that nobody trusts', async (t) => {
    const { call, token, clock } = await startFeed(t)
    const reply = await call('GET', '/revocations/snapshot', { token, headers: { accept: 'application/jwt' } })
    assert.equal(reply.headers.get('content-type'), 'application/jwt')
    const { keys } = importJwkSet((await call('GET', '/.well-known/jwks.json')).json)
    const verify = createVerifier({
      ...{ keys, algorithms: ['ES256'], issuer, dangerouslyAllowAnyAudience: true, typ: 'revocations+jwt' },
      now: () => clock.now / 1000,
    })
    assert.equal(parseRevocationSnapshot(verify(reply.text).snapshot).iss, issuer)
  })
})

describe('who may read the feed', () => {
  test('only a client with a token for this server and the scope revocations:read', async (t) => {
    const server = startTestServer(t, { defaultScopes: ['orders:read'] })
    const other = await createTestClient(server, ['orders:read'])
    const { accessToken } = await server.signUp()
    for (const path of ['/revocations/snapshot', '/revocations/stream', '/revocations/changes']) {
      assert.equal((await server.call('GET', path)).status, 401)
      assert.equal((await server.call('GET', path, { token: 'nonsense' })).status, 401)
      for (const token of [await other.token(), accessToken]) {
        const reply = await server.call('GET', path, { token })
        assert.equal(reply.status, 403)
        assert.match(reply.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
      }
    }
  })

  test('a stream ends when its client does', async (t) => {
    const { store, stream, snapshot, clientId } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    await store.disableClient(clientId, { actor: 'test', reason: '' })
    assert.equal((await events.nextOf('rev')).id, `${epoch}:${seq + 1}`)
    assert.equal(await events.next(), undefined)
  })
})

describe('a stream lasts no longer than the token that opened it', () => {
  const end = async ({ snapshot, stream }: FeedServer, act: () => unknown) => {
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    await events.nextOf('hb')
    await act()
    const seen: string[] = []
    for (let event = await events.next(); event !== undefined; event = await events.next()) seen.push(event.event)
    return seen.filter((event) => event !== 'hb')
  }
  const by = { actor: 'test', reason: '' }

  test('it ends when the token is revoked', async (t) => {
    const feed = await startFeed(t)
    const { jti = '' } = claimsOf(feed.token)
    const revoke = () => feed.store.revoke({ kind: 'token', jti: String(jti) }, by)
    assert.deepEqual(await end(feed, revoke), ['rev'])
  })

  test('it ends when the key is revoked that signed the token', async (t) => {
    const feed = await startFeed(t)
    const [{ kid }] = (await feed.call('GET', '/.well-known/jwks.json')).json.keys
    assert.deepEqual(await end(feed, () => feed.store.revoke({ kind: 'key', kid }, by)), ['rev', 'keys'])
  })

  for (const [what, act] of [
    ['signs out', ({ call }, { refreshToken }) => call('POST', '/api/auth/logout', { json: { refreshToken } })],
    ['is suspended', ({ store }, { accessToken }) => store.suspendUser(String(claimsOf(accessToken).sub), by)],
  ] satisfies [string, (feed: FeedServer, user: Tokens) => Promise<unknown>][])
    test(`it ends when the user ${what} whose token it is, where a role gives the scope`, async (t) => {
      const feed = await startFeed(t, { roleScopes: { operator: ['revocations:read'] } })
      const { server, signUp, signIn, store, stream, snapshot } = feed
      const { sub } = claimsOf((await signUp()).accessToken)
      await server.updateAccount(String(sub), { roles: ['operator'] })
      const user = await signIn()
      const { epoch, seq } = await snapshot()
      const events = await stream(`${epoch}:${seq}`, user.accessToken)
      await store.revoke({ kind: 'token', jti: 'of another' }, by)
      assert.equal((await events.nextOf('rev')).id, `${epoch}:${seq + 1}`)
      await act(feed, user)
      assert.equal((await events.nextOf('rev')).id, `${epoch}:${seq + 2}`)
      assert.equal(await events.next(), undefined)
    })

  test('it ends when the token expires', async (t) => {
    const feed = await startFeed(t)
    const expire = () => {
      feed.clock.now = Number(claimsOf(feed.token).exp) * 1000
    }
    assert.deepEqual(await end(feed, expire), [])
  })

  test('it goes on when everything was revoked that is older than the token', async (t) => {
    const feed = await startFeed(t)
    const { epoch, seq } = await feed.snapshot()
    await feed.store.revoke({ kind: 'all' }, by)
    const { basic } = feed
    const token = (await form(feed, '/oauth/token', { grant_type: 'client_credentials' }, basic)).json.access_token
    const events = await feed.stream(`${epoch}:${seq}`, token)
    await events.nextOf('rev')
    await events.nextOf('hb')
    feed.clock.now += 600
    await events.nextOf('hb')
  })
})

test('a server that nobody follows any more asks its database nothing, even if the last reader was let go while it began', async (t) => {
  let asked = 0
  const clock = { now: 1_800_000_000_500 }
  const store = openSqliteStore({ path: newLocation((remove) => t.after(remove)), now: () => clock.now })
  const counting: Store = {
    ...store,
    sequence(...limits) {
      asked += 1
      return store.sequence(...limits)
    },
  }
  const { snapshot, stream } = await startFeed(t, { store: counting })
  const { epoch, seq } = await snapshot()
  for (let act = 0; act < 15; act += 1)
    await store.revoke({ kind: 'token', jti: `${act}`.padEnd(100_000, 'x') }, { actor: 'test', reason: '' })
  const events = await stream(`${epoch}:${seq}`)
  await events.nextOf('reset')
  await new Promise((resolve) => setTimeout(resolve, 100))
  asked = 0
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(asked, 0)
})

describe('the stream', () => {
  test('tells what is revoked within a moment, each event after the one before', async (t) => {
    const { signUp, signIn, call, snapshot, stream } = await startFeed(t)
    const first = await signUp()
    const second = await signIn()
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    await call('POST', '/api/auth/logout', { json: { refreshToken: first.refreshToken } })
    const one = await events.nextOf('rev')
    await call('POST', '/api/auth/logout', { json: { refreshToken: second.refreshToken } })
    const two = await events.nextOf('rev')
    assert.equal(one.data.p, seq)
    assert.equal(one.id, `${epoch}:${seq + 1}`)
    assert.equal(two.data.p, seq + 1)
    const values = [one, two].map(({ data }) => (data.e as unknown[][])[0]?.[1])
    assert.deepEqual(values, [claimsOf(first.accessToken).sid, claimsOf(second.accessToken).sid])
  })

  test('goes on from the place that its reader names, with what was missed', async (t) => {
    const { store, snapshot, stream } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    for (const jti of ['a', 'b', 'c']) await store.revoke({ kind: 'token', jti }, { actor: 'test', reason: '' })
    const events = await stream(`"${epoch}:${seq}"`)
    const { data, id } = await events.nextOf('rev')
    assert.deepEqual(
      (data.e as unknown[][]).map(([, value]) => value),
      ['a', 'b', 'c'],
    )
    assert.deepEqual([data.p, id], [seq, `${epoch}:${seq + 3}`])
    const rest = await stream(`${epoch}:${seq + 2}`)
    assert.deepEqual(
      ((await rest.nextOf('rev')).data.e as unknown[][]).map(([, value]) => value),
      ['c'],
    )
  })

  test('has a heartbeat for each tick of the store, with its time, and none of its own', async (t) => {
    const { clock, snapshot, stream } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    const first = await events.nextOf('hb')
    assert.deepEqual([first.data.seq, first.data.now], [seq, clock.now / 1000])
    let next: unknown
    const waiting = events.nextOf('hb').then((event) => {
      next = event.data.now
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(next, undefined)
    clock.now += 600
    await waiting
    assert.equal(next, clock.now / 1000)
  })

  for (const [what, id, reason] of [
    ['no place', undefined, 'gap'],
    ['a place of another history', 'other:0', 'epoch'],
    ['a place that is no place', 'nonsense', 'gap'],
  ] as const) {
    test(`tells a reader with ${what} to begin anew`, async (t) => {
      const { stream } = await startFeed(t)
      const events = await stream(id)
      assert.deepEqual(await events.next(), { event: 'reset', data: { reason }, id: undefined })
      assert.equal(await events.next(), undefined)
    })
  }

  test('tells a reader that is ahead of it to begin anew, in a history of its own, once a start: the database was restored', async (t) => {
    const { store, snapshot, stream, log } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    assert.equal((await (await stream(`${epoch}:${seq + 1}`)).next())?.event, 'reset')
    const raised = await store.readHead()
    assert.notEqual(raised.epoch, epoch)
    assert.equal((await (await stream(`${raised.epoch}:${seq + 9}`)).next())?.event, 'reset')
    assert.equal((await store.readHead()).epoch, raised.epoch)
    assert.equal(log.filter(({ fields }) => fields.event === 'revocations.epoch').length, 1)
  })

  test('tells its readers to begin anew when the history does', async (t) => {
    const { store, snapshot, stream } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    await events.nextOf('hb')
    await store.beginEpoch('another')
    assert.deepEqual((await events.nextOf('reset')).data, { reason: 'epoch' })
  })

  test('says that the keys have changed', async (t) => {
    const { store, call, snapshot, stream } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    const [{ kid }] = (await call('GET', '/.well-known/jwks.json')).json.keys
    await store.revoke({ kind: 'key', kid }, { actor: 'test', reason: '' })
    await events.nextOf('keys')
    const keys = (await call('GET', '/.well-known/jwks.json')).json.keys
    assert.equal(keys.length, 1)
    assert.notEqual(keys[0].kid, kid)
  })

  test('falls silent when the store is away, and goes on when it is back', async (t) => {
    const { store, clock, log, snapshot, stream } = await startFeed(t)
    const { epoch, seq } = await snapshot()
    const events = await stream(`${epoch}:${seq}`)
    await events.nextOf('hb')
    await store.close()
    clock.now += 5000
    await new Promise((resolve) => setTimeout(resolve, 200))
    const alerts = log.filter(({ fields }) => fields.event === 'revocations.stalled')
    assert.equal(alerts.length, 1)
  })
})

describe('the long poll', () => {
  const ask = async ({ call, token }: FeedServer, after: string, wait = 0) =>
    parseRevocationChanges((await call('GET', `/revocations/changes?after=${after}&wait=${wait}`, { token })).json)

  test('answers what came after a place', async (t) => {
    const feed = await startFeed(t)
    const { epoch, seq } = await feed.snapshot()
    await feed.store.revoke({ kind: 'token', jti: 'a' }, { actor: 'test', reason: '' })
    const changes = await ask(feed, `${epoch}:${seq}`)
    assert.ok('e' in changes)
    assert.deepEqual([changes.p, changes.seq, changes.more], [seq, seq + 1, false])
    assert.deepEqual(
      changes.e.map(([, value]) => value),
      ['a'],
    )
  })

  test('waits for something to tell', async (t) => {
    const feed = await startFeed(t)
    const { epoch, seq } = await feed.snapshot()
    const asked = ask(feed, `${epoch}:${seq}`, 20)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await feed.store.revoke({ kind: 'token', jti: 'a' }, { actor: 'test', reason: '' })
    const changes = await asked
    assert.ok('e' in changes && changes.e.length === 1)
  })

  test('answers after the time that was asked for, with nothing', async (t) => {
    const feed = await startFeed(t)
    const { epoch, seq } = await feed.snapshot()
    const changes = await ask(feed, `${epoch}:${seq}`, 0.2)
    assert.ok('e' in changes && changes.e.length === 0 && changes.seq === seq)
  })

  test('tells a reader of another history to begin anew', async (t) => {
    const feed = await startFeed(t)
    assert.deepEqual(await ask(feed, 'other:0'), { reset: 'epoch' })
    assert.deepEqual(await ask(feed, 'nonsense'), { reset: 'gap' })
  })
})
