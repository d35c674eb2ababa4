/** Serves the page, its script and an API that the page calls with access tokens. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { protect } from '@countersign/resource-server/fetch'
import { serve } from '@hono/node-server'
import { build } from 'esbuild'

const { ISSUER: issuer = '', AUDIENCE: audience = issuer, PORT = '3000' } = process.env
const guard = protect({ issuer, audience })

const html = readFileSync(join(import.meta.dirname, 'index.html'), 'utf8')
const { outputFiles } = await build({
  ...{ entryPoints: [join(import.meta.dirname, 'page.ts')], bundle: true, minify: true, format: 'esm', write: false },
  ...{ conditions: ['@countersign/source'], define: { ISSUER: JSON.stringify(issuer) } },
})
const script = outputFiles[0]?.text ?? ''
const policy = `default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' ${new URL(issuer).origin}; form-action 'none'; frame-ancestors 'none'`

const orders = guard((_request, { claims }) => Response.json({ orders: [{ item: `coffee for ${claims.sub}` }] }))

async function handle(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case '/':
      return new Response(html, { headers: { 'content-type': 'text/html', 'content-security-policy': policy } })
    case '/page.js':
      return new Response(script, { headers: { 'content-type': 'text/javascript' } })
    case '/orders':
      return orders(request)
    default:
      return new Response(null, { status: 404 })
  }
}

serve({ fetch: handle, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`)
})
