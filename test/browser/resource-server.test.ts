// @countersign/resource-server/fetch where there is no node:crypto: nothing of Node is in it, and in a real browser it decides as on Node.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestIssuer } from '@countersign/resource-server/testing'
import { createSigner, importKey } from '@countersign/token'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { requires } from '../requires.ts'

const root = join(import.meta.dirname, '../..')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

async function bundle(): Promise<{ code: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: "export { protect } from '@countersign/resource-server/fetch'", resolveDir: root },
    ...{ bundle: true, platform: 'browser', format: 'iife', globalName: 'edge', metafile: true, write: false },
    ...{ conditions: ['@countersign/source'], absWorkingDir: root },
  })
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

test('the fetch adapter has nothing of Node in it', async () => {
  const { code, inputs } = await bundle()
  assert.deepEqual(code.match(/\bnode:|\bBuffer\b|\bprocess\b/g), null)
  assert.ok(inputs.includes('packages/token/src/web/web.ts'))
})

test('the fetch adapter protects an API over Web Crypto', {
  skip: requires('chromium'),
  timeout: 60_000,
}, async (t) => {
  const issuer = await createTestIssuer()
  const { issuer: iss, audience } = issuer.options
  const jwks = await (await issuer.options.fetch(`${iss}/jwks.json`)).json()
  const secret = 'a secret of at least thirty-two bytes, made at random'
  const key = importKey(new TextEncoder().encode(secret), { alg: 'HS256' })
  const shared = createSigner({ key, issuer: 'shop', audience, lifetime: '10m', typ: 'at+jwt' })
  const claims = { sub: 'user-1', client_id: 'shop', jti: '1' }
  const tokens = {
    good: issuer.token({ scope: 'orders:read' }),
    narrow: issuer.token(),
    forged: issuer.forgedToken({ scope: 'orders:read' }),
    expired: issuer.token({ exp: 1000 }),
    shared: shared(claims),
  }

  const { code } = await bundle()
  const server = createServer((_request, response) => {
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(`<!doctype html><title>Edge</title><script>${code}</script>`)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)

  const answers = await page.evaluate(
    `(async () => {
      const { iss, audience, jwks, tokens, secret } = ${JSON.stringify({ iss, audience, jwks, tokens, secret })}
      let requests = 0
      const documents = { [iss + '/.well-known/oauth-authorization-server']: { issuer: iss, jwks_uri: iss + '/jwks.json' }, [iss + '/jwks.json']: jwks }
      const fetch = async (uri) => (requests += 1, Response.json(documents[uri]))
      const log = { warn() {} }
      const handler = edge.protect({ issuer: iss, audience, fetch, log })((request, auth) => new Response(auth.claims.sub), { scopes: 'orders:read' })
      const ask = async (handle, token) => (await handle(new Request('https://api.example/', { headers: token ? { authorization: 'Bearer ' + token } : {} }))).status
      const own = edge.protect({ issuer: 'shop', audience, secret, algorithms: ['HS256'], log })((request, auth) => new Response(auth.claims.sub))
      return {
        good: await ask(handler, tokens.good),
        again: await ask(handler, tokens.good),
        narrow: await ask(handler, tokens.narrow),
        forged: await ask(handler, tokens.forged),
        expired: await ask(handler, tokens.expired),
        none: await ask(handler),
        shared: await ask(own, tokens.shared),
        other: await ask(own, tokens.good),
        requests,
      }
    })()`,
  )
  assert.deepEqual(answers, {
    ...{
      good: 200,
      again: 200,
      narrow: 403,
      forged: 401,
      expired: 401,
      none: 401,
      shared: 200,
      other: 401,
      requests: 2,
    },
  })
})
