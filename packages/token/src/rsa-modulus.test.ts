import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { importKey } from './import-key.ts'
import { checkRsaModulus } from './rsa-modulus.ts'

const toBytes = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(512, '0'), 'hex')
const toValue = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const sound = Buffer.from(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }).n ?? '',
  'base64url',
)

const primesTo = (limit: number): bigint[] =>
  Array.from({ length: limit + 1 }, (_, value) => BigInt(value)).filter(
    (value) => value > 1n && ![...Array(Number(value)).keys()].some((by) => by > 1 && value % BigInt(by) === 0n),
  )

/** A modulus that lies in the group of 65537 modulo each prime up to 167, as those of the faulty library do. */
function makeMarkedModulus(): bigint {
  const product = primesTo(167).reduce((all, prime) => all * prime, 1n)
  let residue = 1n
  for (let step = 0; step < 4321; step += 1) residue = (residue * 65_537n) % product
  const smallPrimes = primesTo(1000)
  let modulus = residue + product * ((1n << 2047n) / product + 1n)
  while (smallPrimes.some((prime) => modulus % prime === 0n)) modulus += product
  return modulus
}

test('accepts the modulus of a key that was just made', () => {
  checkRsaModulus(sound)
})

test('refuses a modulus that a prime below 1000 divides', () => {
  for (const prime of [2n, 3n, 5n, 167n, 997n]) {
    const modulus = (toValue(sound) / prime) * prime
    assert.throws(() => checkRsaModulus(toBytes(modulus)), /small factor/, `divided by ${prime}`)
  }
})

test('refuses a modulus that carries the mark of ROCA (CVE-2017-15361), and not its neighbours', () => {
  const marked = makeMarkedModulus()
  assert.throws(() => checkRsaModulus(toBytes(marked)), /ROCA/)
  assert.throws(
    () => importKey({ kty: 'RSA', n: Buffer.from(toBytes(marked)).toString('base64url'), e: 'AQAB' }, { alg: 'RS256' }),
    {
      name: 'TypeError',
      message: /ROCA/,
    },
  )
  for (let next = marked + 2n; next < marked + 60n; next += 2n) {
    assert.ok(!isMarked(next), `${next - marked} past it`)
  }
})

function isMarked(modulus: bigint): boolean {
  try {
    checkRsaModulus(toBytes(modulus))
    return false
  } catch (error) {
    return /ROCA/.test((error as Error).message)
  }
}
