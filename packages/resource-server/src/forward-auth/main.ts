#!/usr/bin/env node
/**
 * Runs forward-auth as a process of its own, beside a proxy and away from the authorization server. Exit codes: 0 stopped as
 * asked, 1 could not start, 2 wrong settings. It is the only file of this package that reads the environment.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NodeRequestView } from '../request-view.ts'
import type { ForwardAuth } from './forward-auth.ts'
import { type ProcessSettings, readProcessSettings } from './process-settings.ts'

const USAGE = `Settings of countersign-forward-auth (environment):
  COUNTERSIGN_ISSUER               required: the issuer of the access tokens
  COUNTERSIGN_AUDIENCE             required: the audience that they must name, or several
  COUNTERSIGN_ALLOWED_ORIGINS      origins whose pages may send tokens in cookies; default: no cookies
  COUNTERSIGN_ALLOW_INSECURE_HTTP  true: an issuer over http on another machine
  PORT, HOST                       4180, 127.0.0.1`

/** Longer than proxies keep an idle connection, so that it is they who close it. */
const LIMITS = { maxHeaderSize: 32 * 1024, headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 65_000 }

function main(): void {
  const { forwardAuth, host, port } = readSettings()
  const server = createServer(LIMITS, (request, response) => void answer(forwardAuth, request, response))
  server.once('error', (error) => fail(`It cannot listen: ${error.message}`, 1))
  server.listen(port, host, () => {
    const { address, port } = server.address() as AddressInfo
    const authority = `${address.includes(':') ? `[${address}]` : address}:${port}`
    console.log(`forward-auth listens on http://${authority}/forward-auth`)
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
  // Not `new URL`, which throws for what a stranger may send as a path.
  const { path = '', query } = /^(?<path>[^?]*)\??(?<query>.*)$/s.exec(request.url ?? '/')?.groups ?? {}
  request.resume()
  if (path === '/healthz') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
  } else if (path === '/forward-auth') {
    const { status, headers, body } = await forwardAuth(new NodeRequestView(request), new URLSearchParams(query))
    response.writeHead(status, headers).end(body)
  } else {
    response.writeHead(404).end()
  }
}

function readSettings(): ProcessSettings {
  const log = { warn: (fields: object, message: string) => console.error(describe(fields, message)) }
  try {
    return readProcessSettings(process.env, log)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return fail(`${error.message}\n\n${USAGE}`, 2)
  }
}

/** One line of JSON; an error, which JSON would leave empty, as its message. */
function describe(fields: object, message: string): string {
  const time = new Date().toISOString()
  return JSON.stringify({ time, level: 'warn', ...fields, message }, (_, value) =>
    value instanceof Error ? value.message : value,
  )
}

function fail(reason: string, code: 1 | 2): never {
  console.error(reason)
  process.exit(code)
}

main()
