/** Owns what goes into a JWS before it is signed: a header that the key decides, and JSON that is read back as it was. */
import type { BoundKey } from './bound-key.ts'
import { isUint8Array } from './bytes.ts'
import { checkWrittenJson, JsonRefusal } from './json-object.ts'

/** What `signCompact` is told. */
export interface SignCompactOptionsOf<Key> {
  /** A private key or a secret. */
  readonly key: Key
  /**
   * Header parameters besides `alg` and `kid`, which the key decides.
   * @default {}
   */
  readonly protectedHeader?: Readonly<Record<string, unknown>>
}

/** Parameters that the key decides, or that no verifier of this package honours. */
const REFUSED_PARAMETERS = ['alg', 'kid', 'crit', 'b64', 'zip']

/** Checks what `signCompact` is given. @throws TypeError that says what is wrong */
export function checkContent(
  payload: unknown,
  { key, protectedHeader = {} }: SignCompactOptionsOf<unknown>,
  isKey: (value: unknown) => boolean,
): void {
  if (!isKey(key)) throw new TypeError('key: give a key made by importKey or generateKey.')
  if (!isUint8Array(payload)) throw new TypeError('payload: give bytes, as a Uint8Array.')
  for (const name of REFUSED_PARAMETERS) {
    if (Object.hasOwn(protectedHeader, name))
      throw new TypeError(`protectedHeader.${name}: leave it out: the key decides it, or it is never honoured.`)
  }
}

/** Composes the protected header of a key: `alg`, `kid` if there is one, and the rest (RFC 7515 §4.1). */
export function composeHeader(key: BoundKey, rest: Readonly<Record<string, unknown>>): object {
  return { alg: key.alg, ...(key.kid === undefined ? {} : { kid: key.kid }), ...rest }
}

/** Writes JSON that a verifier of this package accepts. @throws TypeError that names the argument */
export function writeStrictJson<Bytes extends Uint8Array>(
  value: object,
  argument: string,
  toUtf8: (text: string) => Bytes,
): Bytes {
  const text: unknown = JSON.stringify(value)
  if (typeof text !== 'string' || !text.startsWith('{'))
    throw new TypeError(`${argument}: give an object without toJSON.`)
  const bytes = toUtf8(text)
  try {
    checkWrittenJson(bytes, text)
  } catch (error) {
    if (error instanceof JsonRefusal) throw new TypeError(`${argument}: the JSON of it ${error.message}.`)
    throw error
  }
  return bytes
}
