import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { ada, startTestServer } from '../test-server.ts'

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>
}

test('openapi.json is valid OpenAPI 3.1', async (t) => {
  const { json } = await startTestServer(t).call('GET', '/openapi.json')
  const result = await new Validator().validate(json)
  assert.ok(result.valid, JSON.stringify(result.errors))
})

test('openapi.json describes every first-party endpoint, and each of them exists', async (t) => {
  const { call } = startTestServer(t)
  const { paths } = (await call('GET', '/openapi.json')).json as { paths: Record<string, Record<string, Operation>> }
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  )
  assert.deepEqual(described.sort(), [
    'delete /api/auth/sessions',
    'delete /api/auth/sessions/{sid}',
    'delete /api/users/profile',
    'get /.well-known/jwks.json',
    'get /.well-known/oauth-authorization-server',
    'get /api/admin/audit',
    'get /api/auth/me',
    'get /api/auth/sessions',
    'get /api/users/profile',
    'get /forward-auth',
    'get /healthz',
    'get /readyz',
    'get /revocations/changes',
    'get /revocations/snapshot',
    'get /revocations/stream',
    'post /api/admin/revocations',
    'post /api/admin/users/{id}/restore',
    'post /api/admin/users/{id}/suspend',
    'post /api/auth/login',
    'post /api/auth/logout',
    'post /api/auth/logout-all',
    'post /api/auth/password',
    'post /api/auth/refresh',
    'post /api/auth/register',
    'post /oauth/introspect',
    'post /oauth/revoke',
    'post /oauth/token',
  ])
  for (const operation of described) {
    const [method = '', path = ''] = operation.split(' ')
    const { status } = await call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'))
    assert.ok(status !== 405 && !(status === 404), `${operation} answered ${status}`)
  }
})

test('what login answers is what openapi.json says', async (t) => {
  const { call, signUp } = startTestServer(t)
  await signUp()
  const { paths, components } = (await call('GET', '/openapi.json')).json
  const answer = paths['/api/auth/login'].post.responses['200'].content['application/json']
  const names = ['TokenAnswer', 'TokensInCookiesAnswer', 'SessionAnswer', 'SessionTokenAnswer']
  assert.deepEqual(answer, { schema: { anyOf: names.map((name) => ({ $ref: `#/components/schemas/${name}` })) } })
  const schema = components.schemas.TokenAnswer
  const reply = await call('POST', '/api/auth/login', { json: ada })
  for (const name of schema.required) assert.ok(name in reply.json, name)
  for (const name of Object.keys(reply.json)) assert.ok(name in schema.properties, name)
  assert.deepEqual(Object.keys(paths['/api/auth/login'].post.responses).sort(), [
    '200',
    '400',
    '401',
    '403',
    '413',
    '415',
    '429',
    '500',
    '503',
  ])
})
