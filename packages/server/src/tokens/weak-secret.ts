/**
 * Refuses shared secrets that are guessed offline: too short for the hash, found in documentation, or of too few different
 * characters. A secret that passes is not proven strong; one made by `openssl rand` always passes.
 */

/** Parts of secrets that tutorials and sample files print, in lower case and without punctuation. */
const printed = [
  'your256bitsecret', 'your384bitsecret', 'your512bitsecret', 'astringsecretatleast', 'avalidstringsecret', 'yoursecretkey',
  'yourjwtsecret', 'yoursupersecret', 'supersecret', 'secretkey', 'secretsecret', 'mysecret', 'jwtsecret', 'topsecret', 'changeme',
  'changethis', 'replaceme', 'replacethis', 'insertyour', 'pleasechange', 'donotuse', 'example', 'password', 'passw0rd', 'qwerty',
  'abcdefghijklmnop', '0123456789abcdef', '1234567890123456', 'thisisasecret', 'keyboardcat', 'shhhhh', 'foobar', 'letmein',
  'correcthorsebatterystaple', 'loremipsum', 'gawgguftgrwkav7ax4vkug', 'tk6umd1yrd0knagx7kzx', 'devsecret', 'testsecret',
] // biome-ignore format: a list of words reads best in a block

const leastBytes: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }

/** Tells why a shared secret must not be used, or `undefined`. Never quotes it (RFC 7518 §3.2, RFC 8725 §3.5). */
export function weaknessOf(secret: string, alg: string): string | undefined {
  const least = leastBytes[alg] ?? 64
  const length = Buffer.byteLength(secret)
  if (length < least) return `must be at least ${least} bytes long for ${alg}, and has ${length}`
  const plain = secret.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  if (printed.some((part) => plain.includes(part)))
    return 'holds words that stand in tutorials and lists of known secrets'
  if (new Set(secret).size < 12) return 'has fewer than 12 different characters'
  if (/^(.{1,16}?)\1+.{0,15}$/s.test(secret)) return 'repeats itself'
  return undefined
}
