import { type CryptoKey, importPKCS8, importSPKI, jwtVerify, SignJWT } from 'jose'
import { versionOf } from '../../report.ts'
import type { Library } from '../library.ts'
import { audience, type Claims, issuer, type Subject, signingKey, verificationKey } from '../subject.ts'

/** Works with promises only: measured with as many under way as keep it busy. */
export const jose: Library = {
  name: `jose ${versionOf('jose')}`,
  inFlight: 32,
  async createVerify(subject, tokens) {
    const { alg, secret } = subject
    const key =
      secret === undefined ? await importSPKI(String(verificationKey(subject)), alg) : await importSecret(secret)
    const options = { algorithms: [alg], issuer, audience, requiredClaims: ['exp'] }
    return (index) => jwtVerify(tokens[index % tokens.length] as string, key, options)
  },
  async createSign(subject) {
    const { alg, kid, claims, secret } = subject
    const key = secret === undefined ? await importPrivate(subject) : await importSecret(secret)
    return (index) =>
      new SignJWT(claims[index % claims.length] as Claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key)
  },
}

function importPrivate(subject: Subject): Promise<CryptoKey> {
  return importPKCS8(String(signingKey(subject)), subject.alg)
}

function importSecret(secret: Buffer): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
}
