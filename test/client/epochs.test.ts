// Whatever started before a login or a logout changes nothing after it (protocol C5).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ClientError } from '@countersign/client'
import { settle, until } from './fake-time.ts'
import { ada, bob, paths } from './live-server.ts'
import { SharedStorage, TestChannels } from './open-client.ts'
import { endAtServer, faultAt, moment, signedIn } from './signed-in.ts'

const isOf = (code: string) => (error: unknown) => error instanceof ClientError && error.code === code
const secondsOf = (token: string | undefined) => JSON.parse(atob(token?.split('.')[1] ?? ''))

describe('a refresh that is under way', () => {
  for (const kind of ['hold answer', 'hold request'] as const) {
    test(`is void after a logout (${kind})`, async (t) => {
      const { client, live, storage, states, refreshes } = await signedIn(t)
      const late = moment()
      live.proxy.fault = faultAt(paths.refresh, { kind, until: late.until })
      const asked = client.getAccessToken({ minimumLifetime: 9999 })
      await until(() => refreshes() === 1)
      await client.logout()
      late.come()
      assert.equal(await asked, undefined)
      await settle()
      assert.deepEqual([states, storage.stored, client.session.status], [['signed-out'], undefined, 'signed-out'])
    })

    test(`is void after another user's login, whether it brings tokens or a refusal (${kind})`, async (t) => {
      const { client, live, storage, states, refreshes } = await signedIn(t)
      const first = client.session
      const late = moment()
      live.proxy.fault = faultAt(paths.refresh, { kind, until: late.until })
      const asked = client.getAccessToken({ minimumLifetime: 9999 })
      await until(() => refreshes() === 1)
      if (kind === 'hold request') await endAtServer(live, storage.stored)
      const session = await client.login(bob)
      const { stored } = storage
      late.come()
      live.proxy.fault = () => undefined
      const token = await asked
      await settle()
      assert.ok(session.status === 'signed-in' && first.status === 'signed-in' && session.userId !== first.userId)
      assert.deepEqual([states, storage.stored, client.session], [['signed-in'], stored, session])
      assert.equal(token, await client.getAccessToken())
    })
  }

  test('is void although its answer was whole before it could be aborted', async (t) => {
    const answers: (() => void)[] = []
    const { client, storage, states } = await signedIn(t, {
      // An engine that does not end a request when it is told to.
      async fetch(request) {
        const response = await fetch(new Request(request.url, { ...copy(request), body: await request.text() }))
        if (request.url.endsWith(paths.refresh)) await new Promise<void>((resolve) => void answers.push(resolve))
        return response
      },
    })
    const asked = client.getAccessToken({ minimumLifetime: 9999 })
    await until(() => answers.length === 1)
    await client.logout()
    answers[0]?.()
    assert.equal(await asked, undefined)
    await settle()
    assert.deepEqual([states, storage.stored], [['signed-out'], undefined])
  })

  test('is asked for again when the login that it made way for has failed', async (t) => {
    const { client, live, states, refreshes } = await signedIn(t)
    const late = moment()
    live.proxy.fault = faultAt(paths.refresh, { kind: 'hold request', until: late.until })
    const asked = client.getAccessToken({ minimumLifetime: 9999 })
    await until(() => refreshes() === 1)
    const login = client.login({ ...ada, password: 'not her password' })
    live.proxy.fault = () => undefined
    await assert.rejects(login, isOf('invalid_credentials'))
    late.come()
    assert.ok(await asked)
    assert.deepEqual([states, refreshes()], [[], 2])
  })
})

describe('a refresh that is wanted', () => {
  test('while a login is under way waits for it, and is not needed any more', async (t) => {
    const { client, live, refreshes } = await signedIn(t)
    const late = moment()
    live.proxy.fault = faultAt(paths.login, { kind: 'hold answer', until: late.until })
    const login = client.login(bob)
    const asked = client.getAccessToken({ minimumLifetime: 500 + 9999 })
    await settle()
    late.come()
    await login
    assert.equal(await asked, await client.getAccessToken())
    assert.equal(refreshes(), 0)
  })
})

describe('a login', () => {
  test('that is refused leaves the session as it was, and tells nothing of the password', async (t) => {
    const { client, states } = await signedIn(t)
    const error = await client.login({ ...ada, password: 'hunter2 hunter2' }).catch((error: unknown) => error)
    assert.ok(isOf('invalid_credentials')(error))
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /hunter2|ada@/)
    assert.deepEqual([states, client.session.status], [[], 'signed-in'])
  })

  test('that is malformed says what to mend', async (t) => {
    const { client } = await signedIn(t)
    const error = await client
      .register({ email: 'eve@example.com', password: 'short' })
      .catch((error: unknown) => error)
    assert.ok(error instanceof ClientError && error.code === 'invalid_request')
    assert.deepEqual(
      error.members.map(({ member }) => member),
      ['password'],
    )
  })

  test('whose refresh token cannot be stored fails', async (t) => {
    const { open } = await signedIn(t)
    const storage = new SharedStorage()
    const { client } = open({ storage })
    storage.write = () => {
      throw new Error('the disk is full')
    }
    await assert.rejects(client.login(bob), /the disk is full/)
    assert.notEqual(client.session.status, 'signed-in')
  })

  test('passes scope and audience on', async (t) => {
    const { client } = await signedIn(t)
    await assert.rejects(client.login({ ...ada, audience: 'https://other.example.com' }), isOf('invalid_request'))
    await client.login({ ...ada, scope: '' })
    assert.equal(secondsOf(await client.getAccessToken()).scope, '')
  })

  test('right after a logout comes after it at the server too', async (t) => {
    const { client, live, states } = await signedIn(t)
    const late = moment()
    live.proxy.fault = faultAt(paths.logout, { kind: 'hold request', until: late.until })
    const logout = client.logout()
    const login = client.login(bob)
    await until(() => live.proxy.count(paths.logout) === 1)
    assert.equal(live.proxy.count(paths.login), 1)
    late.come()
    await Promise.all([logout, login])
    assert.ok(await client.getAccessToken({ minimumLifetime: 9999 }))
    assert.deepEqual(states, ['signed-out', 'signed-in'])
  })
})

describe('a logout', () => {
  test('ends the session here at once, and at the server', async (t) => {
    const { client, live, storage, open } = await signedIn(t)
    const { stored } = storage
    const logout = client.logout()
    await until(() => client.session.status === 'signed-out')
    await logout
    storage.stored = stored
    assert.equal(await open().client.getAccessToken(), undefined)
    assert.deepEqual(live.warnings, [])
  })

  test('that does not reach the server says so after three tries, and can be asked for again', async (t) => {
    const { client, live, time, storage, states, open } = await signedIn(t)
    const { stored } = storage
    live.proxy.fault = faultAt(paths.logout, { kind: 'refuse' })
    const logout = client.logout().catch((error: unknown) => error)
    for (let tries = 1; tries <= 3; tries++) {
      await until(() => live.proxy.count(paths.logout) === tries)
      if (tries < 3) await until(() => (time.nextTimer ?? 7000) <= 1000)
      await time.pass(1000)
    }
    assert.ok(isOf('network_error')(await logout))
    assert.deepEqual([states, storage.stored], [['signed-out'], undefined])
    live.proxy.fault = () => undefined
    await client.logout()
    storage.stored = stored
    assert.equal(await open().client.getAccessToken(), undefined)
  })

  test('that did not reach the server is told it once more, although someone has signed in meanwhile', async (t) => {
    const { client, live, time, storage, open } = await signedIn(t, { channels: new TestChannels() })
    const { stored } = storage
    const sibling = open()
    live.proxy.fault = faultAt(paths.logout, { kind: 'refuse' })
    const logout = client.logout()
    await until(() => live.proxy.count(paths.logout) === 1)
    await until(() => (time.nextTimer ?? 7000) <= 1000)
    const session = await sibling.client.login(bob)
    await until(() => client.session.status === 'signed-in')
    live.proxy.fault = () => undefined
    await time.pass(1000)
    await logout
    assert.deepEqual({ ...client.session }, { ...session })
    assert.ok(await sibling.client.getAccessToken({ minimumLifetime: 9999 }))
    assert.equal(
      await open({ storage: Object.assign(new SharedStorage(), { stored }) }).client.getAccessToken(),
      undefined,
    )
  })

  test('of nobody asks nothing, and is no news', async (t) => {
    const { client, live, states } = await signedIn(t)
    await client.logout()
    await client.logout()
    await settle()
    assert.deepEqual(states, ['signed-out'])
    assert.equal(live.proxy.count(paths.logout), 1)
  })
})

test('what goes to the authorization server has the header that no form can send, and in bearer mode no cookie', async (t) => {
  const credentials = new Set<string>()
  const { client, live } = await signedIn(t, {
    fetch(request) {
      credentials.add(request.credentials)
      return fetch(request)
    },
  })
  await client.getAccessToken({ minimumLifetime: 9999 })
  await client.logout()
  for (const path of Object.values(paths)) {
    const request = live.proxy.seen.find((request) => request.path === path)
    assert.equal(request?.headers['x-requested-with'], 'countersign')
    assert.equal(request?.headers['content-type'], 'application/json')
  }
  assert.deepEqual([...credentials], ['omit'])
})

test('no redirect takes a password or a refresh token elsewhere', async (t) => {
  const { client, live, states } = await signedIn(t)
  const elsewhere = '/elsewhere'
  live.own = ({ path }) =>
    path.startsWith('/api/auth/') ? { status: 307, headers: { location: elsewhere } } : undefined
  await assert.rejects(client.login(ada), isOf('network_error'))
  await assert.rejects(client.register(ada), isOf('network_error'))
  void client.getAccessToken({ minimumLifetime: 9999 }).catch(() => {})
  await until(() => live.proxy.count(paths.refresh) >= 1)
  await settle()
  assert.deepEqual([live.proxy.count(elsewhere), states], [0, []])
})

test('two users in turn are never mixed up', async (t) => {
  const { client, storage } = await signedIn(t)
  const subjects = new Set<string>()
  for (let turn = 0; turn < 4; turn++) {
    const session = await client.login(turn % 2 === 0 ? bob : ada)
    const token = secondsOf(await client.getAccessToken({ minimumLifetime: 9999 }))
    assert.ok(session.status === 'signed-in')
    assert.deepEqual([token.sub, token.sid], [session.userId, session.sid])
    subjects.add(session.userId)
    await client.logout()
    assert.equal(storage.stored, undefined)
  }
  assert.equal(subjects.size, 2)
})

test('a client that is closed ends what it waits for, and asks nothing more', async (t) => {
  const { client, live, time, refreshes, states } = await signedIn(t)
  live.proxy.fault = faultAt(paths.refresh, { kind: 'hold answer', until: new Promise(() => {}) })
  time.sleep(700_000)
  const asked = client.getAccessToken()
  await until(() => refreshes() === 1)
  client.close()
  await assert.rejects(asked, isOf('closed'))
  await assert.rejects(client.getAccessToken(), isOf('closed'))
  await assert.rejects(client.login(ada), isOf('closed'))
  await time.pass(3_600_000)
  assert.deepEqual([states, refreshes(), time.nextTimer], [[], 1, undefined])
})

test('a listener may use the client, and may stop listening', async (t) => {
  const { client } = await signedIn(t)
  const heard: string[] = []
  const stop = client.onChange(({ status }) => {
    heard.push(status)
    void client.getAccessToken()
    stop()
  })
  await client.logout()
  await client.login(bob)
  await settle()
  assert.deepEqual(heard, ['signed-out'])
})

function copy({ method, headers, redirect, cache }: Request): RequestInit {
  return { method, headers, redirect, cache }
}
