// The signature check alone: node:crypto with a key and bytes of its own at hand. It does not even look at the token.
import { randomBytes, sign, verify } from 'node:crypto'
import { generatePair } from '../../tokens/subject.ts'
import { algorithm } from './settings.ts'

const { privateKey, publicKey } = generatePair(algorithm)
const hash = algorithm === 'EdDSA' ? null : 'sha256'
// As long as the signed part of a token of this bench.
const inputs = Array.from({ length: 64 }, () => randomBytes(663))
const signatures = inputs.map((input) => sign(hash, input, privateKey))
let next = 0

/** Checks one of the signatures, each in its turn, for a request that has a header. */
export function isNextSignatureGood(authorization: string | undefined): boolean {
  next = (next + 1) % inputs.length
  const [input, signature] = [inputs[next], signatures[next]]
  const isThere = authorization !== undefined && input !== undefined && signature !== undefined
  return isThere && verify(hash, input, publicKey, signature)
}
