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
    testTokens(guarded, () => issuer, ['whose expiry is a text', 'whose kid is no text'])

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

    test('writes no token to its log', () => {
      const { user, admin } = guarded()
      assert.ok(proxy.output().includes('authorization failure'))
      for (const { accessToken } of [user, admin])
        for (const segment of accessToken.split('.')) assert.ok(!proxy.output().includes(segment))
    })

    test('says that a token is bad, and not that it cannot tell, while the issuer is away, as its documentation says', async () => {
      const { application } = guarded()
      const lonely = await startApache(application.port)
      front.close()
      try {
        const answer = await send({ port: lonely.port, headers: [bearer(guarded().user)] })
        assert.equal(answer.status, 401)
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
