import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { versionOf } from '../../report.ts'
import type { Library } from '../library.ts'
import { audience, type Claims, issuer } from '../subject.ts'

/** Has no EdDSA. Does not ask for a present exp. */
export const jsonwebtoken: Library = {
  name: `jsonwebtoken ${versionOf('jsonwebtoken')}`,
  createVerify({ alg, secret, pair }, tokens) {
    const key = secret === undefined ? pair?.publicKey : createSecretKey(secret)
    if (alg === 'EdDSA' || key === undefined) return undefined
    const options: jwt.VerifyOptions = { algorithms: [alg], issuer, audience }
    return (index) => jwt.verify(tokens[index % tokens.length] as string, key, options)
  },
  createSign({ alg, kid, claims, secret, pair }) {
    const key = secret === undefined ? pair?.privateKey : createSecretKey(secret)
    if (alg === 'EdDSA' || key === undefined) return undefined
    const options: jwt.SignOptions = { algorithm: alg, keyid: kid }
    return (index) => jwt.sign(claims[index % claims.length] as Claims, key, options)
  },
}
