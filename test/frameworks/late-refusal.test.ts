// An application whose own time-out answers while the issuer does not: what comes later must not end its process.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { protect as protectExpress } from '@countersign/resource-server/express'
import { protect as protectNode } from '@countersign/resource-server/node'
import { createTestIssuer } from '@countersign/resource-server/testing'
import { listen } from './listen.ts'

type Guard = (request: IncomingMessage, response: ServerResponse) => void

async function answerTooLate(create: (options: Parameters<typeof protectNode>[0]) => Guard): Promise<void> {
  const issuer = await createTestIssuer()
  let refuse: () => void = () => {}
  const asked = new Promise<void>((resolve) => {
    refuse = resolve
  })
  let isRefused: () => void = () => {}
  const refused = new Promise<void>((resolve) => {
    isRefused = resolve
  })
  const fetch = () => asked.then(() => Promise.reject(new Error('away')))
  const guard = create({ ...issuer.options, fetch, log: { warn: () => isRefused() } })
  const { url, close } = await listen(
    createServer((request, response) => {
      guard(request, response)
      response.writeHead(503).end('too late')
    }),
  )
  const reply = await globalThis.fetch(url, { headers: { authorization: `Bearer ${issuer.token()}` } })
  assert.equal(await reply.text(), 'too late')
  refuse()
  await refused
  await new Promise(setImmediate)
  await close()
}

test('Express: a refusal after the answer of a time-out is let go', () =>
  answerTooLate((options) => {
    const middleware = protectExpress(options)
    return (request, response) => middleware(request, response, () => assert.fail('let through'))
  }))

test('node:http: a refusal after the answer of a time-out is let go', () =>
  answerTooLate((options) => protectNode(options)(() => assert.fail('let through'))))
