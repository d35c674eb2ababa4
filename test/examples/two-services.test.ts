// The example of two services: a token for the one is refused by the other, which is asked in the name of the service itself.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openSqliteStore, registerClient } from '@countersign/server'
import { audience, signIn } from './live-issuer.ts'
import { findFreePort, type Program, startAuthorizationServer, startTypeScriptExample } from './running-program.ts'

const invoicesAudience = 'https://invoices.example.com'

describe('Two services with an audience each', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-two-services-'))
  const programs: Program[] = []
  let orders: Program
  let invoices: Program
  let token: string

  async function start(starting: Promise<Program>): Promise<Program> {
    const program = await starting
    programs.push(program)
    return program
  }

  before(async () => {
    const port = String(await findFreePort())
    const server = await start(
      startAuthorizationServer({
        PORT: port,
        COUNTERSIGN_ISSUER: `http://127.0.0.1:${port}`,
        COUNTERSIGN_AUDIENCE: `${audience} ${invoicesAudience}`,
        COUNTERSIGN_DEFAULT_SCOPES: 'orders:read',
        COUNTERSIGN_DATA_DIR: dataDir,
      }),
    )
    const url = `http://127.0.0.1:${port}`
    token = (await signIn(url)).accessToken
    const { clientId, clientSecret } = await register(['invoices:read'])
    assert.ok(server.output().includes(url))
    invoices = await start(
      startTypeScriptExample(
        'examples/two-services',
        { ISSUER: url, AUDIENCE: invoicesAudience, PORT: '0' },
        'invoices.ts',
      ),
    )
    const settings = {
      ...{
        ISSUER: url,
        AUDIENCE: audience,
        PORT: '0',
        INVOICES_URL: invoices.url,
        INVOICES_AUDIENCE: invoicesAudience,
      },
      ...{ CLIENT_ID: clientId, CLIENT_SECRET: clientSecret },
    }
    orders = await start(startTypeScriptExample('examples/two-services', settings, 'orders.ts'))
  })

  after(async () => {
    await Promise.all(programs.map((program) => program.stop()))
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function register(scope: string[]) {
    const store = openSqliteStore({ path: join(dataDir, 'countersign.db') })
    const client = await registerClient(store, { name: 'Orders', scope }, { actor: 'test', reason: '' }, randomBytes)
    await store.close()
    assert.ok(client)
    return client
  }

  async function get(url: string, bearer?: string) {
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) })
    return { status: response.status, body: await response.text() }
  }

  test('take the token of a user only where it is for', async () => {
    assert.equal((await get(`${orders.url}/orders`, token)).status, 200)
    const { status, body } = await get(`${invoices.url}/invoices`, token)
    assert.deepEqual([status, JSON.parse(body).code], [401, 'invalid_token'])
    assert.match(invoices.output(), /audience_mismatch/)
  })

  test('talk to each other with a token of the service itself', async () => {
    const { status, body } = await get(`${orders.url}/orders/invoices`, token)
    assert.equal(status, 200, body)
    assert.match(JSON.parse(body).askedBy, /^client_/)
  })

  test('both answer anyone at /public, and nobody else without a token', async () => {
    for (const [service, path] of [
      [orders, '/orders'],
      [invoices, '/invoices'],
    ] as const) {
      assert.equal((await get(`${service.url}/public`)).status, 200)
      assert.equal((await get(service.url + path)).status, 401)
    }
  })
})
