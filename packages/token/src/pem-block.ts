/**
 * Owns what a PEM text must be before it is read: one block of a known label, not encrypted (RFC 7468). The label decides
 * which half of a key it is; no content is guessed at.
 */

/** The one block of a PEM text. */
export interface PemBlock<Reader> {
  readonly label: string
  /** The lines of the block, the first and the last among them. */
  readonly text: string
  /** What reads blocks of this label. */
  readonly reader: Reader
}

const NO_BLOCK =
  'The string holds no whole PEM block. (A secret is given as bytes: new TextEncoder().encode(secret). ' +
  'A JWK is given as an object: JSON.parse(jwk).)'

/**
 * Finds the one block of a PEM text; OpenSSL writes the curve of an EC key as a block of its own before it.
 *
 * @throws TypeError if there is none, more than one, or one of a kind that is not among those supported
 */
export function findPemBlock<Reader>(pem: string, readers: ReadonlyMap<string, Reader>): PemBlock<Reader> {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].filter(
    ([, label]) => label !== 'EC PARAMETERS',
  )
  const [first] = blocks
  if (first === undefined) throw new TypeError(NO_BLOCK)
  if (blocks.length > 1) throw new TypeError('The PEM text holds more than one block: give one key at a time.')
  const [text, label = ''] = first
  if (label === 'ENCRYPTED PRIVATE KEY') throw new TypeError('The PEM block is encrypted: decrypt it first.')
  const reader = readers.get(label)
  if (reader === undefined) {
    const supported = [...readers.keys()].join(', ')
    throw new TypeError(`The PEM block is of a kind that is not supported: give one of ${supported}.`)
  }
  return { label, text, reader }
}

/** Says that a block holds no key. The cause is left out: it could quote the key. @throws TypeError */
export function refuseContent(label: string, content = 'a key that can be read'): never {
  throw new TypeError(`The PEM block "${label}" does not hold ${content}. (If it is encrypted, decrypt it first.)`)
}
