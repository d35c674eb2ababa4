import { JwtVerifier } from 'aws-jwt-verify'
import { versionOf } from '../../report.ts'
import type { Library } from '../library.ts'
import { audience, issuer } from '../subject.ts'

/** Verifies only, and neither HMAC nor PSS. */
export const awsJwtVerify: Library = {
  name: `aws-jwt-verify ${versionOf('aws-jwt-verify')}`,
  createVerify({ alg, kid, pair }, tokens) {
    if (pair === undefined || alg === 'PS256') return undefined
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), alg, kid, use: 'sig' }
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/.well-known/jwks.json` })
    verifier.cacheJwks({ keys: [jwk] } as unknown as Parameters<typeof verifier.cacheJwks>[0])
    return (index) => verifier.verifySync(tokens[index % tokens.length] as string)
  },
  createSign: () => undefined,
}
