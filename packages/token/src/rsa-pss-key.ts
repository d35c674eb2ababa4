/**
 * Owns the re-wrapping of an RSA key as id-RSASSA-PSS with its parameters fixed (RFC 4055 §3.1): hash, MGF1 with the
 * same hash and a salt as long as the hash (RFC 7518 §3.5). node:crypto then needs no options per signature, which cost
 * more than the signature check itself, and refuses a signature with another salt length.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { AlgorithmParameters } from './algorithm.ts'
import { derBitString, derExplicit, derInteger, derNull, derOctetString, derOid, derSequence } from './der.ts'

type RsaParameters = Extract<AlgorithmParameters, { family: 'rsa-pkcs1' | 'rsa-pss' }>

const ID_RSASSA_PSS = '2a864886f70d01010a'
const ID_MGF1 = '2a864886f70d010108'
const ID_HASH = { sha256: '608648016503040201', sha384: '608648016503040202', sha512: '608648016503040203' } as const

/** Makes the RSASSA-PSS form of a public or private RSA key (RFC 4055 §3.1). */
export function createRsaPssKey(key: KeyObject, parameters: RsaParameters): KeyObject {
  const algorithm = writeAlgorithmIdentifier(parameters)
  if (key.type === 'public') {
    const spki = derSequence(algorithm, derBitString(key.export({ type: 'pkcs1', format: 'der' })))
    return createPublicKey({ key: spki, type: 'spki', format: 'der' })
  }
  const version = derInteger(Uint8Array.of(0))
  const pkcs8 = derSequence(version, algorithm, derOctetString(key.export({ type: 'pkcs1', format: 'der' })))
  return createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
}

function writeAlgorithmIdentifier({ hash, size }: RsaParameters): Uint8Array {
  const hashAlgorithm = derSequence(derOid(ID_HASH[hash]), derNull())
  const mgf1 = derSequence(derOid(ID_MGF1), hashAlgorithm)
  const saltLength = derInteger(Uint8Array.of(size))
  return derSequence(
    derOid(ID_RSASSA_PSS),
    derSequence(derExplicit(0, hashAlgorithm), derExplicit(1, mgf1), derExplicit(2, saltLength)),
  )
}
