// A revocation at one server and a reader of another's feed: with the hint through Redis, and by looking every 25 ms.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { registerClient } from '@countersign/server'
import { type RunningRedis, startRedis, until } from '../feed/running-redis.ts'
import { requires } from '../requires.ts'
import { type Installation, type Instance, install } from './installation.ts'

const act = { actor: 'test', reason: '' }

describe('a hint through Redis', { skip: requires('redis-server') }, () => {
  let redis: RunningRedis
  let installation: Installation
  let one: Instance
  let other: Instance
  const told = new Map<string, number>()
  const over = new AbortController()

  before(async () => {
    redis = await startRedis()
    installation = await install(2, { redis: { url: redis.url } })
    const [first, second] = installation.instances
    assert.ok(first && second)
    one = first
    other = second
    await until('both listen', async () => (await numberOfListeners()) === ':2')
    await readFeedOf(other)
  })
  after(async () => {
    over.abort()
    await installation.close()
    await redis.end()
  })

  async function numberOfListeners(): Promise<string | undefined> {
    return redis.ask('PUBLISH', 'countersign:hint', '')
  }

  async function readFeedOf({ server }: Instance): Promise<void> {
    const scope = ['revocations:read']
    const client = await registerClient(installation.store, { name: 'reader', scope }, act, randomBytes)
    assert.ok(client)
    const ask = (path: string, headers: Record<string, string>, body?: URLSearchParams) =>
      server.fetch(
        new Request(`https://auth.example.com${path}`, {
          ...{ headers, signal: over.signal, method: body ? 'POST' : 'GET' },
          ...(body && { body }),
        }),
      )
    const basic = { authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}` }
    const grant = await ask('/oauth/token', basic, new URLSearchParams({ grant_type: 'client_credentials' }))
    const authorization = `Bearer ${((await grant.json()) as { access_token: string }).access_token}`
    const { epoch, seq } = (await (await ask('/revocations/snapshot', { authorization })).json()) as Record<
      string,
      string
    >
    const stream = await ask('/revocations/stream', { authorization, 'last-event-id': `${epoch}:${seq}` })
    assert.equal(stream.status, 200)
    void read(stream)
  }

  async function read(stream: Response): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of stream.body ?? [])
        for (const [, value = ''] of decoder.decode(chunk).matchAll(/\["[js]","([^"]+)"/g))
          told.set(value, performance.now())
    } catch {
      assert.ok(over.signal.aborted)
    }
  }

  async function delayOf(value: string, committedAt: number): Promise<number> {
    while (!told.has(value)) await sleep(1)
    await sleep(15 + 20 * Math.random())
    return (told.get(value) ?? 0) - committedAt
  }

  test('makes another server tell its readers sooner than looking does', async () => {
    const hinted: number[] = []
    const looked: number[] = []
    for (let turn = 0; turn < 40; turn++) {
      const { accessToken = '', refreshToken } = (await one.login()).json
      const { sid } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
      await one.post('/api/auth/logout', { refreshToken })
      hinted.push(await delayOf(sid, performance.now()))
      const jti = randomBytes(9).toString('base64url')
      await installation.store.revoke({ kind: 'token', jti }, act)
      looked.push(await delayOf(jti, performance.now()))
    }
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[20] ?? 0
    assert.ok(median(hinted) < median(looked), `${median(hinted)} ms with, ${median(looked)} ms without`)
  })

  test('one stands for a flood of acts, and none is given for a refresh', async () => {
    const { refreshToken = '' } = (await one.login()).json
    const before = await published()
    for (let turn = 0; turn < 20; turn++) await one.refresh(refreshToken)
    await sleep(50)
    assert.equal(await published(), before)
    const began = performance.now()
    await Promise.all(Array.from({ length: 200 }, () => one.post('/api/auth/logout', { refreshToken: 'x' })))
    await sleep(50)
    const given = (await published()) - before
    const most = (performance.now() - began) / 10 + 2
    assert.ok(given >= 1 && given <= most, `${given} hints, at most ${most}`)
  })

  async function published(): Promise<number> {
    const statistics = (await redis.askLines('INFO', 'commandstats')).join('\n')
    return Number(/cmdstat_publish:calls=(\d+)/.exec(statistics)?.[1] ?? 0)
  }

  test('that is lost delays nothing beyond the next look', async () => {
    await redis.kill()
    const jti = randomBytes(9).toString('base64url')
    await installation.store.revoke({ kind: 'token', jti }, act)
    assert.ok((await delayOf(jti, performance.now())) < 1000)
    await redis.start()
    await until('both listen again', async () => (await numberOfListeners()) === ':2')
  })
})
