/**
 * GET /docs/api: the API page, Swagger UI over our own openapi.json. Its script and style sheet are served from here; nothing comes
 * from another host, and the page's policy would not let it.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { html } from 'hono/html'
import type { Endpoint } from '../http/endpoint.ts'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const files = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const

type FileName = keyof typeof files

/** The page itself. `base` is the path under which the server is mounted. */
export function apiPage(base: string): Endpoint {
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign API</title>
<link rel="stylesheet" href="${base}/docs/api/swagger-ui.css">
<link rel="icon" href="data:,">
<div id="api"><noscript>This page needs JavaScript; the same description is at <a href="${base}/openapi.json">openapi.json</a>.</noscript></div>
<script src="${base}/docs/api/swagger-ui-bundle.js"></script>
<script src="${base}/docs/api/start.js"></script>
</html>`.toString()
  return {
    summary: 'The API page',
    answers: { 200: { description: 'HTML.' } },
    hidden: true,
    handle: (c) => c.html(page, 200, { 'content-security-policy': policy, 'referrer-policy': 'same-origin' }),
  }
}

/** The few lines that start Swagger UI; a file of its own because the policy permits no inline script. */
export function apiPageScript(base: string): Endpoint {
  const script = `SwaggerUIBundle({
  url: ${JSON.stringify(`${base}/openapi.json`)},
  dom_id: '#api',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
})
`
  return {
    summary: 'Starts the API page',
    answers: { 200: { description: 'JavaScript.' } },
    hidden: true,
    handle: (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  }
}

/** A file of Swagger UI, read on its first request. */
export function apiPageFile(name: FileName): Endpoint {
  let content: Promise<Uint8Array<ArrayBuffer>> | undefined
  return {
    summary: name,
    answers: { 200: { description: files[name] } },
    hidden: true,
    async handle(c) {
      content ??= readAsset(name)
      return c.body(await content, 200, {
        'content-type': `${files[name]}; charset=utf-8`,
        'cache-control': 'public, max-age=3600',
      })
    },
  }
}

/** A published server carries the files beside this module; from source they are in the swagger-ui-dist package. */
async function readAsset(name: FileName): Promise<Uint8Array<ArrayBuffer>> {
  const beside = new URL(`./api/${name}`, import.meta.url)
  const installed = () => createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
  return new Uint8Array(await readFile(beside).catch(() => readFile(installed())))
}
