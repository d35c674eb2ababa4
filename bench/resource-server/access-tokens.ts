// The keys of an issuer, and access tokens of it (RFC 9068): good ones, and such as nobody signed.
import { type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto'
import { createSigner, importKey } from '@countersign/token'
import { audience, createClaims, generatePair } from '../tokens/subject.ts'

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

export interface IssuerKey {
  alg: Algorithm
  publicKey: KeyObject
  /** As it is published. */
  jwk: JsonWebKey
  /** Makes a token that differs from all others. */
  createToken(issuer: string): string
}

export { audience }

export function createIssuerKey(alg: Algorithm): IssuerKey {
  const kid = `key-${randomBytes(8).toString('hex')}`
  const { privateKey, publicKey } = generatePair(alg)
  const key = importKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), { alg, kid })
  const sign = createSigner({ key, typ: 'at+jwt', lifetime: '1h' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg, kid, use: 'sig' }
  return { alg, publicKey, jwk, createToken: (iss) => sign({ ...createClaims(), iss }) }
}

/** Makes a token that names a key which does not exist, as a stranger can in any number. */
export function createStrangeToken(alg: Algorithm, issuer: string): string {
  const header = { alg, kid: `unknown-${randomBytes(8).toString('hex')}`, typ: 'at+jwt' }
  const parts = [header, { ...createClaims(), iss: issuer }].map((part) => Buffer.from(JSON.stringify(part)))
  return [...parts, randomBytes(alg === 'RS256' ? 256 : 64)].map((part) => part.toString('base64url')).join('.')
}
