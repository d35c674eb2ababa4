/**
 * Owns what can be told of an RSA modulus without factoring it: that it has no small factor, and that it was not made by the
 * library whose primes can be found (ROCA, CVE-2017-15361). Public keys come from strangers, and their owners may not know.
 */

/** The primes below 1000: a product of two large primes is divisible by none. */
const SMALL_PRIMES: readonly number[] = sieve(1000)

/** The faulty primes lie, modulo each of these, in the group that 65537 generates; a sound modulus does so once in 2^150. */
const MARKED_GROUPS: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  SMALL_PRIMES.filter((prime) => prime <= 167).map((prime) => [prime, powersOf(65_537 % prime, prime)]),
)

/** Checks a modulus (NIST SP 800-56B §6.4, RFC 8725 §3.5). @throws TypeError that names the flaw */
export function checkRsaModulus(modulus: Uint8Array): void {
  const remainders = new Map(SMALL_PRIMES.map((prime) => [prime, remainderOf(modulus, prime)]))
  if ([...remainders.values()].includes(0)) throw new TypeError('The RSA key has a modulus with a small factor.')
  if ([...MARKED_GROUPS].every(([prime, group]) => group.has(remainders.get(prime) ?? 0))) {
    throw new TypeError('The RSA key was made by a faulty library (ROCA, CVE-2017-15361): make a new one.')
  }
}

function remainderOf(bytes: Uint8Array, divisor: number): number {
  return bytes.reduce((remainder, byte) => (remainder * 256 + byte) % divisor, 0)
}

function powersOf(base: number, modulus: number): ReadonlySet<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * base) % modulus) powers.add(power)
  return powers
}

function sieve(limit: number): number[] {
  const isComposite = new Uint8Array(limit)
  const primes: number[] = []
  for (let number = 2; number < limit; number += 1) {
    if (isComposite[number]) continue
    primes.push(number)
    for (let multiple = number * number; multiple < limit; multiple += number) isComposite[multiple] = 1
  }
  return primes
}
