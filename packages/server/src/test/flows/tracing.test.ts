// Spans of an application that has the server in its process, by the real SDK of OpenTelemetry. A file of its own: what is registered
// is registered for the whole process.
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { newFolder, spawnServer } from '../running-server.ts'
import { createTestClient } from '../test-client.ts'
import { ada, issuer, startTestServer } from '../test-server.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'
const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({
  sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
})
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

beforeEach(() => exporter.reset())

const spans = () => exporter.getFinishedSpans()
const spanOf = (name: string): ReadableSpan => {
  const found = spans().find((one) => one.name === name)
  assert.ok(found, `${name} is not among ${spans().map((one) => one.name)}`)
  return found
}

describe('a request', () => {
  test('has a server span with the attributes of the semantic conventions, and no more', async (t) => {
    const { signUp, call } = startTestServer(t)
    const { accessToken: token } = await signUp()
    exporter.reset()
    await call('GET', '/api/auth/me?token=MARKED', { token })
    const span = spanOf('GET /api/auth/me')
    assert.equal(span.kind, SpanKind.SERVER)
    assert.equal(span.parentSpanContext, undefined)
    assert.deepEqual(span.attributes, {
      'http.request.method': 'GET',
      'http.route': '/api/auth/me',
      'http.response.status_code': 200,
      'url.scheme': 'https',
      'server.address': 'auth.example.com',
      'server.port': 443,
    })
    assert.equal(span.status.code, SpanStatusCode.UNSET)
  })

  test('has a span for each call of the store and each password below its own', async (t) => {
    const { signUp, signIn } = startTestServer(t)
    await signUp()
    exporter.reset()
    await signIn()
    const request = spanOf('POST /api/auth/login')
    for (const name of ['store findCredentials', 'password hash', 'store openSession']) {
      const { parentSpanContext, kind } = spanOf(name)
      assert.equal(parentSpanContext?.spanId, request.spanContext().spanId, name)
      assert.equal(kind, SpanKind.INTERNAL)
    }
  })

  test('that is refused is no error of the server; one that fails is, by its code', async (t) => {
    const { call, store } = startTestServer(t)
    await call('POST', '/api/auth/login', { json: { ...ada, password: 'a wrong password' } })
    assert.equal(spanOf('POST /api/auth/login').status.code, SpanStatusCode.UNSET)
    await store.close()
    exporter.reset()
    await call('POST', '/api/auth/login', { json: ada })
    const { status, attributes, events } = spanOf('POST /api/auth/login')
    assert.deepEqual([status, attributes['error.type']], [{ code: SpanStatusCode.ERROR }, 'server_error'])
    assert.deepEqual(events, [], 'an exception may quote what it was given')
    assert.equal(spanOf('store findCredentials').attributes['error.type'], '_OTHER')
  })

  test('for no path of ours is named by its method alone, and an unknown method by none', async (t) => {
    const { call } = startTestServer(t)
    await call('GET', '/MARKED')
    await call('BREW', '/healthz')
    assert.deepEqual(
      spans()
        .filter(({ kind }) => kind === SpanKind.SERVER)
        .map(({ name, attributes }) => [name, attributes['http.request.method'], attributes['http.route']]),
      [
        ['GET', 'GET', undefined],
        ['HTTP /healthz', '_OTHER', '/healthz'],
      ],
    )
  })

  test('names its span in its lines of the log', async (t) => {
    const { call, log } = startTestServer(t)
    await call('GET', '/api/auth/me')
    const { traceId: id, spanId } = spanOf('GET /api/auth/me').spanContext()
    const line = log.find(({ fields }) => fields.event === 'http.request')
    assert.deepEqual([line?.fields.traceId, line?.fields.spanId], [id, spanId])
  })
})

describe('the parent of a request', () => {
  test('is the one that its sender names', async (t) => {
    const { call, log } = startTestServer(t)
    await call('GET', '/healthz', { headers: { traceparent: `00-${traceId}-${parentId}-01` } })
    const span = spanOf('GET /healthz')
    assert.deepEqual([span.spanContext().traceId, span.parentSpanContext?.spanId], [traceId, parentId])
    assert.equal(log.at(-1)?.fields.traceId, traceId)
  })

  test('decides whether it is recorded only as far as the sampler of the application says', async (t) => {
    const { call, log } = startTestServer(t)
    await call('GET', '/healthz', { headers: { traceparent: `00-${traceId}-${parentId}-00` } })
    assert.deepEqual(spans(), [], 'this sampler does what the parent does')
    assert.equal(log.at(-1)?.fields.traceId, traceId, 'the log names the trace all the same')
  })

  test('is the span of the framework around the server, where there is one', async (t) => {
    const { call } = startTestServer(t)
    const around = provider.getTracer('express').startSpan('GET')
    const headers = { traceparent: `00-${traceId}-${parentId}-01` }
    await context.with(trace.setSpan(ROOT_CONTEXT, around), () => call('GET', '/healthz', { headers }))
    around.end()
    const span = spanOf('GET /healthz')
    assert.equal(span.parentSpanContext?.spanId, around.spanContext().spanId, 'what its sender named is above that')
    assert.equal(span.kind, SpanKind.INTERNAL)
  })
})

test('what goes on after a request makes no spans: the feed turns as long as somebody reads', async (t) => {
  const server = startTestServer(t)
  const client = await createTestClient(server, ['revocations:read'])
  const token = await client.token()
  const { epoch, seq } = (await server.call('GET', '/revocations/snapshot', { token })).json
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': `${epoch}:${seq}` }
  exporter.reset()
  const stream = await server.server.fetch(new Request(`${issuer}/revocations/stream`, { headers }))
  const begun = spans().length
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(spans().length, begun)
  await stream.body?.cancel()
})

test('what is traced answers as what is not', async (t) => {
  const { signUp, refresh, call } = startTestServer(t)
  const { refreshToken } = await signUp()
  const refreshed = await refresh(refreshToken)
  assert.equal(refreshed.status, 200)
  assert.equal((await call('GET', '/readyz')).status, 200)
  assert.equal((await call('GET', '/api/auth/me', { token: refreshed.json.accessToken })).json.user.email, ada.email)
})

test('the start file makes spans when `node --import` has registered an SDK', async (t) => {
  const server = spawnServer(t, 'dev', {
    ...{ PORT: '0', COUNTERSIGN_DATA_DIR: newFolder(t), COUNTERSIGN_LOG_LEVEL: 'silent' },
    NODE_OPTIONS: `--import=${new URL('../register-tracing.ts', import.meta.url)}`,
  })
  const read = (pattern: RegExp) => pattern.exec(server.output.stdout + server.output.stderr)?.[1]
  const until = async (pattern: RegExp) => {
    for (let wait = 0; wait < 500 && read(pattern) === undefined; wait++)
      await new Promise((done) => setTimeout(done, 20))
    return read(pattern) ?? assert.fail(`nothing like ${pattern} in ${server.output.stdout}${server.output.stderr}`)
  }
  const url = await until(/^ {2}Issuer +(\S+)\n[\s\S]*curl/m)
  await fetch(`${url}/healthz?token=MARKED`, { headers: { traceparent: `00-${traceId}-${parentId}-01` } })
  const span = JSON.parse(await until(/^(\{"name":"GET \/healthz".*\})$/m))
  assert.deepEqual([span.traceId, span.parentId, span.attributes['http.route']], [traceId, parentId, '/healthz'])
  assert.ok(!server.output.stderr.includes('MARKED'))
})
