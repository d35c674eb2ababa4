// The example APIs of the frameworks in TypeScript, each as a program of its own, against the live authorization server.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { request as send } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testRoutes } from './api-routes.ts'
import { changeSignature, forge } from './forged-token.ts'
import { audience, type LiveIssuer, startLiveIssuer } from './live-issuer.ts'
import { type Program, startTypeScriptExample } from './running-program.ts'

const root = join(import.meta.dirname, '../..')

describe('The example in', () => {
  let issuer: LiveIssuer

  before(async () => {
    issuer = await startLiveIssuer()
  })
  after(() => issuer?.stop())

  for (const folder of ['express-api', 'fastify-api', 'hono-api', 'koa-api', 'nest-api', 'node-api', 'fetch-api']) {
    describe(folder, () => {
      let api: Program

      before(async () => {
        if (folder === 'nest-api') compile(folder)
        const settings = { ISSUER: issuer.url, AUDIENCE: audience, PORT: '0' }
        const file = folder === 'nest-api' ? 'dist/server.js' : 'server.ts'
        api = await startTypeScriptExample(`examples/${folder}`, settings, file)
      })
      after(() => api?.stop())

      testRoutes(() => ({ url: api.url, issuer }))

      if (folder !== 'node-api') return

      test('opens a WebSocket with a good token, and refuses one without before it is there', async () => {
        assert.equal(await upgrade(api.url, issuer.fresh), 101)
        assert.equal(await upgrade(api.url), 401)
        assert.equal(await upgrade(api.url, changeSignature(issuer.fresh)), 401)
        assert.equal(await upgrade(api.url, forge(issuer.fresh, issuer.signer, {}, { scope: 'profile' })), 403)
      })
    })
  }
})

/** Compiles an example as its `npm start` does. */
function compile(folder: string): void {
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc'], {
    cwd: join(root, 'examples', folder),
    encoding: 'utf8',
  })
  assert.equal(tsc.status, 0, tsc.stdout)
}

/** Asks for a WebSocket and returns the status of the answer (RFC 6455 §4.1). */
async function upgrade(url: string, token?: string): Promise<number | undefined> {
  const request = send(url, {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  })
  request.end()
  const [response, socket] = await Promise.race([once(request, 'upgrade'), once(request, 'response')])
  socket?.destroy()
  response.destroy()
  return response.statusCode
}
