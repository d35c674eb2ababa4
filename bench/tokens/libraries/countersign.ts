import { createSigner, createVerifier, importKey } from '@countersign/token'
import type { Library } from '../library.ts'
import { audience, type Claims, issuer, signingKey, verificationKey } from '../subject.ts'

export const countersign: Library = {
  name: '@countersign/token',
  createVerify(subject, tokens) {
    const { alg, kid } = subject
    const keys = importKey(verificationKey(subject), { alg, kid })
    const verify = createVerifier({ keys, algorithms: [alg], issuer, audience })
    return (index) => verify(tokens[index % tokens.length] as string)
  },
  createVerifyAgain(subject, makeToken) {
    const { alg, kid } = subject
    const keys = importKey(verificationKey(subject), { alg, kid })
    const verify = createVerifier({ keys, algorithms: [alg], issuer, audience, cacheSize: 1000 })
    return (index) => verify(makeToken(index))
  },
  createSign(subject) {
    const { alg, kid, claims } = subject
    const sign = createSigner({ key: importKey(signingKey(subject), { alg, kid }), lifetime: '1h' })
    return (index) => sign(claims[index % claims.length] as Claims)
  },
}
