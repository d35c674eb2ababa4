// Apache with mod_auth_openidc, with the file under deploy/, which verifies tokens itself with the JWK Set of the issuer.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { forge } from '../examples/forged-token.ts'
import { audience, type LiveIssuer, startLiveIssuer } from '../examples/live-issuer.ts'
import { requires } from '../requires.ts'
import { startApplication } from './application.ts'
import { bearer, describeProxy, sendInVain } from './conformance.ts'
import { type RunningProxy, startProxy } from './proxy.ts'
import { send } from './raw-request.ts'
import { startTlsFront, type TlsFront } from './tls-front.ts'
import { testTokens, usersOf } from './token-table.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

let issuer: LiveIssuer
let front: TlsFront
let proxy: RunningProxy

describeProxy({
  title: 'Apache, which verifies tokens itself,',
  skip: requires('apache2', 'libapache2-mod-auth-openidc', 'openssl'),
  tellsRoles: true,
  challenge: 'Bearer error="invalid_request", error_description="No bearer token found in the request"',
  async start() {
    issuer = await startLiveIssuer()
    front = await startTlsFront(issuer.url, { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256' })
    const application = await startApplication()
    proxy = await startApache(application.port)
    return {
      application,
      port: proxy.port,
      ...usersOf(issuer),
      async stop() {
        await proxy.stop()
        application.close()
        front.close()
        await issuer.stop()
      },
    }
  },
  more(guarded) {
    testTokens(guarded, () => issuer, ['whose kid is no text'])

    test('refuses a token by another algorithm than its own, though the key is in the JWK Set', async () => {
      const signer = {
        alg: 'RS256',
        kid: 'rsa',
        sign: (input: string) => sign('sha256', Buffer.from(input), rsa.privateKey),
      }
      const accessToken = forge(issuer.fresh, signer)
      assert.equal((await sendInVain(guarded(), { headers: [bearer({ accessToken })] })).status, 401)
    })

    test('asks the issuer again for every unknown kid, as its documentation says', async () => {
      const asked = front.requests()
      for (const kid of ['a', 'b', 'c']) {
        const accessToken = forge(issuer.fresh, issuer.attacker.signer, { kid })
        assert.equal((await sendInVain(guarded(), { headers: [bearer({ accessToken })] })).status, 401)
      }
      assert.equal(front.requests(), asked + 3)
    })

    test('finds its audience and a role at any place of a list', async () => {
      const others = Array.from({ length: 9 }, (_, index) => `other-${index}`)
      const claims = { aud: [...others, audience], roles: [...others, 'admin'] }
      const accessToken = forge(issuer.fresh, issuer.signer, {}, claims)
      const { status } = await send({ port: guarded().port, path: '/admin', headers: [bearer({ accessToken })] })
      assert.equal(status, 200)
    })

    test('writes no token to its log', () => {
      const { user, admin } = guarded()
      assert.ok(proxy.output().includes('authorization failure'))
      for (const { accessToken } of [user, admin])
        for (const segment of accessToken.split('.')) assert.ok(!proxy.output().includes(segment))
    })

    test('refuses what it cannot check though the token is valid, as its documentation says', async () => {
      const now = Math.floor(Date.now() / 1000)
      for (const claims of [{ nbf: now - 60 }, { exp: now + 60.5 }, { scope: 'ü' }, { roles: ['ü'] }]) {
        const accessToken = forge(issuer.fresh, issuer.signer, {}, claims)
        assert.equal((await sendInVain(guarded(), { headers: [bearer({ accessToken })] })).status, 401)
      }
    })

    test('goes on with the keys it has while the issuer is away, and calls tokens bad where it has none', async () => {
      const { application, port, user } = guarded()
      const lonely = await startApache(application.port)
      front.close()
      try {
        assert.equal((await send({ port, headers: [bearer(user)] })).status, 200)
        const { status, header } = await send({ port: lonely.port, headers: [bearer(user)] })
        assert.equal(status, 401)
        assert.match(header('www-authenticate').join(), /^Bearer error="invalid_token"/)
      } finally {
        await lonely.stop()
      }
    })
  },
})

function startApache(application: number): Promise<RunningProxy> {
  const escaped = (text: string) => text.replaceAll('.', '\\\\.')
  return startProxy('apache', {
    '127.0.0.1:3000': `127.0.0.1:${application}`,
    'https://auth.example.com/.well-known/jwks.json': `${front.jwksUri}\n  OIDCCABundlePath ${front.certificate}`,
    [escaped('https://auth.example.com')]: escaped(issuer.url),
    [escaped('https://app.example.com')]: escaped(audience),
  })
}
