// The example in Next.js, built as it is for production, against the live authorization server.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { testRoutes } from './api-routes.ts'
import { changeSignature } from './forged-token.ts'
import { audience, type LiveIssuer, startLiveIssuer } from './live-issuer.ts'
import { buildNextExample, type Program, startNextExample } from './running-program.ts'

const folder = 'examples/next-app'

describe('The example in Next.js', () => {
  let issuer: LiveIssuer
  let app: Program

  before(async () => {
    issuer = await startLiveIssuer()
    const settings = { ISSUER: issuer.url, AUDIENCE: audience }
    await buildNextExample(folder, settings)
    app = await startNextExample(folder, settings)
  })
  after(async () => {
    await app?.stop()
    await issuer?.stop()
  })

  testRoutes(() => ({ url: app.url, issuer }))

  async function account(headers: Record<string, string>) {
    const response = await fetch(`${app.url}/account`, { headers, redirect: 'manual' })
    return { status: response.status, location: response.headers.get('location'), body: await response.text() }
  }

  test('shows a page to the user of a cookie', async () => {
    const { status, body } = await account({ cookie: `__Host-at-abcdefgh=${issuer.fresh}` })
    assert.equal(status, 200)
    assert.match(body, /coffee for usr_/)
  })

  test('redirects in the proxy those who come without a token', async () => {
    const { status, location } = await account({})
    assert.deepEqual([status, location], [307, '/'])
  })

  test('shows nothing to a forged token, though the proxy lets it pass', async () => {
    const { status, location, body } = await account({ cookie: `__Host-at-abcdefgh=${changeSignature(issuer.fresh)}` })
    assert.deepEqual([status, location], [307, '/'])
    assert.doesNotMatch(body, /coffee/)
  })
})
