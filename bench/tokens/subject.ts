// What is signed and verified: one key for each algorithm, and claims such as an access token has.
import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import { createSigner, importKey } from '@countersign/token'

export const algorithms = ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]

export interface Claims {
  iss: string
  aud: string
  iat: number
  exp: number
  nbf: number
  [name: string]: unknown
}

export interface Subject {
  alg: Algorithm
  kid: string
  /** The secret of an HMAC; a pair has none. */
  secret: Buffer | undefined
  /** A key pair; an HMAC has none. */
  pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined
  /** Differ in `jti`, as the claims of two tokens do. */
  claims: readonly Claims[]
  tokens: readonly string[]
}

export const issuer = 'https://auth.example.com'
export const audience = 'https://api.example.com'
const kid = 'bench-key'
const tokenCount = 64

export function createSubject(alg: Algorithm): Subject {
  const secret = alg === 'HS256' ? randomBytes(32) : undefined
  const pair = alg === 'HS256' ? undefined : generatePair(alg)
  const claims = Array.from({ length: tokenCount }, createClaims)
  const key = importKey(secret ?? pair?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? '', {
    alg,
    kid,
  })
  const sign = createSigner({ key, lifetime: '1h' })
  return { alg, kid, secret, pair, claims, tokens: claims.map((all) => flatten(sign(all))) }
}

/** Returns the key in PEM, or the secret, for signing. */
export function signingKey({ secret, pair }: Subject): Buffer | string {
  return secret ?? pair?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? ''
}

/** Returns the key in PEM, or the secret, for verifying. */
export function verificationKey({ secret, pair }: Subject): Buffer | string {
  return secret ?? pair?.publicKey.export({ type: 'spki', format: 'pem' }).toString() ?? ''
}

/** Returns the token with another payload under the same signature. */
export function tamper(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'someone-else' }
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
}

/** Makes a key pair, of RSA one of 2048 bits. */
export function generatePair(alg: Exclude<Algorithm, 'HS256'>): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** Makes the claims of one token, about 440 bytes as JSON. */
export function createClaims(): Claims {
  const iat = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: audience,
    sub: `usr_${randomBytes(16).toString('base64url')}`,
    client_id: 'first-party',
    iat,
    exp: iat + 3600,
    nbf: iat,
    jti: randomUUID(),
    sid: randomBytes(16).toString('base64url'),
    scope: 'orders:read orders:write profile:read invoices:read',
    roles: ['editor', 'billing'],
    auth_time: iat,
    amr: ['pwd', 'otp'],
    tenant: 'tenant_7c1d0b9e4f',
    region: 'eu-central',
  }
}

/** Creates what makes the text of each token anew, as a request brings it: a text that was looked up before is found faster. */
export function createTokenMaker(tokens: readonly string[]): (index: number) => string {
  const bytes = tokens.map((token) => Buffer.from(token))
  return (index) => (bytes[index % bytes.length] as Buffer).latin1Slice()
}

// A string that was put together is kept as its parts; one that came over a network is not.
function flatten(token: string): string {
  return Buffer.from(token).toString('latin1')
}
