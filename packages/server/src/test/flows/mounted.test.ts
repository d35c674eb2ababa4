// The server inside an application whose body parser has read the body first, as Express has it.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse } from 'node:querystring'
import { describe, type TestContext, test } from 'node:test'
import { toNodeHandler } from '../../node.ts'
import { ada, startTestServer } from '../test-server.ts'

type Parser = (text: string) => unknown

/** What the parsers of Express leave in `request.body`. */
const parsers: Readonly<Record<string, Parser>> = {
  none: () => undefined,
  text: (text) => text,
  raw: (text) => Buffer.from(text),
  'json and urlencoded': (text) => (text.startsWith('{') ? JSON.parse(text) : parse(text)),
}

async function mount(t: TestContext, read: Parser): Promise<string> {
  const { server, call } = startTestServer(t)
  await call('POST', '/api/auth/register', { json: ada })
  const handler = toNodeHandler(server)
  const application = createServer(async (request: IncomingMessage & { body?: unknown }, response) => {
    if (read('') !== undefined && request.method === 'POST') {
      const pieces: Buffer[] = []
      for await (const piece of request) pieces.push(piece)
      request.body = read(Buffer.concat(pieces).toString())
    }
    handler(request, response, () => response.writeHead(299).end())
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  t.after(() => application.close())
  return `http://127.0.0.1:${(application.address() as AddressInfo).port}`
}

describe('a mounted server', () => {
  for (const [name, read] of Object.entries(parsers))
    test(`reads JSON and forms behind a body parser: ${name}`, async (t) => {
      const url = await mount(t, read)
      const post = (path: string, type: string, body: string) =>
        fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body })
      const form = 'application/x-www-form-urlencoded'
      assert.equal((await post('/api/auth/login', 'application/json', JSON.stringify(ada))).status, 200)
      assert.equal((await post('/api/auth/login', 'text/plain', JSON.stringify(ada))).status, 415)
      assert.equal((await post('/oauth/revoke', form, 'token=a%26b%3D%C3%A9&token_type_hint=')).status, 200)
      assert.equal((await post('/oauth/revoke', form, 'token=a&token=b')).status, 400)
      const unknown = await post('/oauth/token', form, 'grant_type=client_credentials&client_id=x&client_secret=y')
      assert.deepEqual([unknown.status, ((await unknown.json()) as { error: string }).error], [401, 'invalid_client'])
      assert.equal((await fetch(`${url}/elsewhere`, { method: 'POST' })).status, 299)
    })
})
