// @countersign/client/axios on the real axios, before the real server.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createClient } from '@countersign/client'
import { attachClient } from '@countersign/client/axios'
import axios, { AxiosError } from 'axios'
import { FakeTime } from '../client/fake-time.ts'
import { ada, paths, startLiveServer } from '../client/live-server.ts'

async function signedIn(t: TestContext) {
  const time = new FakeTime()
  const live = await startLiveServer(t, time)
  const { now, ...clocks } = time.environment
  // The client believes its tokens good for ever: only a 401 tells otherwise.
  const client = createClient({ issuer: live.issuer, environment: { ...clocks, now: () => 0 } })
  t.after(() => client.close())
  await client.login(ada)
  const api = axios.create({ baseURL: live.issuer })
  const detach = attachClient(api, client)
  return { time, live, client, api, detach }
}

test('requests of an axios instance have the token, and answers are as axios makes them', async (t) => {
  const { api, client } = await signedIn(t)
  const { status, data } = await api.post(
    '/api/orders',
    { item: 'coffee' },
    { params: undefined, headers: { 'x-mine': '1' } },
  )
  assert.ok(client.session.status === 'signed-in')
  assert.deepEqual([status, data.sub, JSON.parse(data.body)], [200, client.session.userId, { item: 'coffee' }])
})

test('a request that is refused is sent again after one refresh, with its body', async (t) => {
  const { api, time, live } = await signedIn(t)
  time.sleep(700_000)
  const answers = await Promise.all([1, 2, 3].map((item) => api.put('/api/orders', { item })))
  assert.deepEqual(
    answers.map(({ data }) => JSON.parse(data.body).item),
    [1, 2, 3],
  )
  assert.equal(live.proxy.count(paths.refresh), 1)
})

test('a refusal that lasts is an AxiosError', async (t) => {
  const { api, live } = await signedIn(t)
  live.own = ({ path }) => (path === '/api/orders' ? { status: 401, body: 'no' } : undefined)
  await assert.rejects(api.get('/api/orders'), (error) => error instanceof AxiosError && error.response?.status === 401)
})

test('another origin gets no token, nor does a redirect', async (t) => {
  const { api, live } = await signedIn(t)
  const elsewhere = live.issuer.replace('localhost', '127.0.0.1')
  await assert.rejects(api.get(`${elsewhere}/api/orders`), AxiosError)
  live.own = ({ path }) =>
    path === '/moved' ? { status: 302, headers: { location: `${elsewhere}/api/orders` } } : undefined
  await assert.rejects(api.get('/moved'), /redirect_refused/)
  await assert.rejects(api.get('/moved', { fetchOptions: { redirect: 'follow' } }), AxiosError)
  const received = live.proxy.seen.filter(({ path }) => path === '/api/orders')
  assert.deepEqual(
    received.map(({ headers }) => headers.authorization),
    // The last of them once more after a refresh, as its 401 might have been for the token.
    [undefined, undefined, undefined],
  )
})

test('an instance that was let go sends its requests itself', async (t) => {
  const { api, detach } = await signedIn(t)
  detach()
  await assert.rejects(api.get('/api/orders'), (error) => error instanceof AxiosError && error.response?.status === 401)
})
