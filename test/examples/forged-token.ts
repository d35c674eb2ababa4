// Makes tokens that no honest signer would make. It knows nothing of the packages under test: only node:crypto signs here.
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** What signs a token, and how the header says so. */
export interface Signer {
  alg: string
  kid?: string
  sign(input: string): Buffer
}

/** Members to add or to replace; `undefined` takes one away. */
type Changes = Record<string, unknown>

/** A key pair for ES256 and its public half as it is published. */
export interface KeyPair {
  publicKey: KeyObject
  jwk: Record<string, unknown>
  signer: Signer
}

export function makeKeyPair(kid: string): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    signer: {
      alg: 'ES256',
      kid,
      sign: (input) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    },
  }
}

export function makeSecretSigner(secret: string | Buffer, kid?: string): Signer {
  return {
    alg: 'HS256',
    ...(kid !== undefined && { kid }),
    sign: (input) => createHmac('sha256', secret).update(input).digest(),
  }
}

/** Signs a token that is like another but for some changes. A string of claims is taken as it is. */
export function forge(model: string, signer: Signer, header: Changes = {}, claims: Changes | string = {}): string {
  const newHeader = { ...readSegment(model, 0), alg: signer.alg, kid: signer.kid, ...header }
  const newClaims = typeof claims === 'string' ? claims : JSON.stringify({ ...readSegment(model, 1), ...claims })
  const input = `${encode(JSON.stringify(newHeader))}.${encode(newClaims)}`
  return `${input}.${signer.sign(input).toString('base64url')}`
}

/** Replaces the header, the payload and the signature of a token with other text, where there is some. */
export function replaceSegments(token: string, ...replacements: (string | undefined)[]): string {
  return token
    .split('.')
    .map((segment, index) => replacements[index] ?? segment)
    .join('.')
}

/** Changes one character in the middle of a token's signature, all of whose bits count. */
export function changeSignature(token: string): string {
  const signature = token.split('.')[2] ?? ''
  const changed = signature[10] === 'A' ? 'B' : 'A'
  return replaceSegments(token, undefined, undefined, signature.slice(0, 10) + changed + signature.slice(11))
}

/** Reads a segment of a token, whoever signed it. */
export function readSegment(token: string, index: 0 | 1): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
