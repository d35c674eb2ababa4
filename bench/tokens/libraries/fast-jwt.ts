import { createSigner, createVerifier } from 'fast-jwt'
import { versionOf } from '../../report.ts'
import type { Library } from '../library.ts'
import { audience, type Claims, issuer, signingKey, verificationKey } from '../subject.ts'

export const fastJwt: Library = {
  name: `fast-jwt ${versionOf('fast-jwt')}`,
  createVerify(subject, tokens) {
    const claims = { allowedIss: issuer, allowedAud: audience, requiredClaims: ['exp'] }
    const verify = createVerifier({ key: verificationKey(subject), algorithms: [subject.alg], cache: false, ...claims })
    return (index) => verify(tokens[index % tokens.length] as string)
  },
  createVerifyAgain(subject, makeToken) {
    const claims = { allowedIss: issuer, allowedAud: audience, requiredClaims: ['exp'] }
    const verify = createVerifier({ key: verificationKey(subject), algorithms: [subject.alg], cache: 1000, ...claims })
    return (index) => verify(makeToken(index))
  },
  createSign(subject) {
    const { alg: algorithm, kid, claims } = subject
    const sign = createSigner({ key: signingKey(subject), algorithm, kid })
    return (index) => sign(claims[index % claims.length] as Claims)
  },
}
