#!/usr/bin/env node
/**
 * Runs forward-auth as a process of its own, beside a proxy and away from the authorization server. Exit codes: 0 stopped as
 * asked, 1 could not start, 2 wrong settings. It is the only file of this package that reads the environment.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NodeRequestView } from '../request-view.ts'
import { createForwardAuth, type ForwardAuth, type ForwardAuthOptions } from './forward-auth.ts'

const { env } = process

const USAGE = `Settings of countersign-forward-auth (environment):
  COUNTERSIGN_ISSUER               required: the issuer of the access tokens
  COUNTERSIGN_AUDIENCE             required: the audience that they must name; a list has commas
  COUNTERSIGN_ALLOWED_ORIGINS      origins whose pages may send tokens in cookies; a list has commas; default: no cookies
  COUNTERSIGN_ALLOW_INSECURE_HTTP  true: an issuer over http on another machine
  PORT, HOST                       4180, 127.0.0.1`

function main(): void {
  const forwardAuth = readForwardAuth()
  const server = createServer(
    { maxHeaderSize: 32 * 1024, headersTimeout: 10_000, requestTimeout: 20_000 },
    (request, response) => {
      void answer(forwardAuth, request, response)
    },
  )
  server.once('error', (error) => fail(`It cannot listen: ${error.message}`, 1))
  server.listen(readPort(), env.HOST ?? '127.0.0.1', () => {
    const { address, port } = server.address() as AddressInfo
    console.log(
      `forward-auth listens on http://${address.includes(':') ? `[${address}]` : address}:${port}/forward-auth`,
    )
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => process.exit(0))
      server.closeIdleConnections()
      setTimeout(() => process.exit(0), 5000).unref()
    })
  }
}

async function answer(forwardAuth: ForwardAuth, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  request.resume()
  if (pathname === '/healthz') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
  } else if (pathname === '/forward-auth') {
    const { status, headers, body } = await forwardAuth(new NodeRequestView(request), searchParams)
    response.writeHead(status, headers).end(body)
  } else {
    response.writeHead(404).end()
  }
}

function readForwardAuth(): ForwardAuth {
  const { COUNTERSIGN_ISSUER: issuer, COUNTERSIGN_AUDIENCE: audience, COUNTERSIGN_ALLOWED_ORIGINS: origins } = env
  if (!issuer || !audience) return fail('Set COUNTERSIGN_ISSUER and COUNTERSIGN_AUDIENCE.', 2)
  const options: ForwardAuthOptions = {
    issuer,
    audience: splitList(audience),
    allowInsecureHttp: env.COUNTERSIGN_ALLOW_INSECURE_HTTP === 'true',
    ...(origins && { cookie: { origins: splitList(origins) } }),
    log: { warn: (fields, message) => console.error(JSON.stringify({ level: 'warn', ...fields, message })) },
  }
  try {
    return createForwardAuth(options)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 2)
  }
}

function readPort(): number {
  const port = Number(env.PORT ?? 4180)
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : fail('PORT is a number from 0 to 65535.', 2)
}

const splitList = (list: string): string[] => list.split(',').map((item) => item.trim())

function fail(reason: string, code: 1 | 2): never {
  console.error(`${reason}\n\n${USAGE}`)
  process.exit(code)
}

main()
