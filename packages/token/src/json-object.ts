/**
 * Owns the reading of JSON that a stranger wrote: strict UTF-8, one object, no member twice, bounded depth and size
 * (RFC 7515 §4, RFC 7519 §4, RFC 8725 §3.7). JSON.parse parses; this file refuses what JSON.parse would let through.
 *
 * A member that is named twice is found by counting: the text has as many members as colons outside its strings, and
 * JSON.parse keeps one of each name, so that its value has fewer if and only if one was named twice. Nothing is compared
 * or collected: 0.6 µs for the claims of an access token, where a set of the names of each object took 2.1.
 *
 * V8 13.6 (Node 24) reads a name of one character that is written as an escape, such as "\u0061", as "\" once it has seen an
 * object of a certain shape: members would take each other's place. No honest sender writes such a name; it is refused.
 */

const MAX_DEPTH = 16
const MAX_MEMBERS = 256

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a JSON text holds once it has been read. */
export type JsonObject = Record<string, unknown>

/** Says what is wrong with a JSON text, in words that follow "The protected header" or "The claims set". */
export class JsonRefusal extends Error {}

/**
 * Parses bytes as one strict JSON object (RFC 8259).
 *
 * @param isFrozen whether it is frozen at every depth: on the way that has to be gone anyway, since a second one over the same
 * members cost 4 µs behind a signature check
 * @throws JsonRefusal
 */
export function parseJsonObject(bytes: Uint8Array, isFrozen = false): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new JsonRefusal('is not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JsonRefusal('is not a JSON object')
  const written = countWrittenMembers(bytes)
  if (countMembers(value, isFrozen) !== written) throw new JsonRefusal('names a member twice')
  return value as JsonObject
}

/**
 * Checks that JSON which JSON.stringify has just written is strict: such a text names no member twice (RFC 8259).
 *
 * @throws JsonRefusal
 */
export function checkWrittenJson(bytes: Uint8Array, text: string): void {
  countWrittenMembers(bytes)
  // JSON.stringify spells this name in one way, so that a text without it needs no closer look.
  if (text.includes('"__proto__"')) countMembers(JSON.parse(text), false)
}

const SPACE = 0x20
const QUOTE = 0x22
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Counts the members in the bytes of a valid JSON text, and keeps it within the limits. Bytes, since reading them takes
 * half of what the characters of a string take; no byte of a longer UTF-8 sequence is one of those looked for.
 *
 * @throws JsonRefusal
 */
function countWrittenMembers(bytes: Uint8Array): number {
  let members = 0
  let depth = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      const end = findStringEnd(bytes, at)
      if (bytes[at + 1] === BACKSLASH && isOneEscape(bytes, at + 1, end) && isName(bytes, end)) {
        throw new JsonRefusal('names a member by one escaped character')
      }
      at = end
    } else if (byte === COLON) {
      members += 1
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1
      if (depth > MAX_DEPTH) throw new JsonRefusal(`is nested more than ${MAX_DEPTH} deep`)
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1
    }
  }
  if (members > MAX_MEMBERS) throw new JsonRefusal(`has more than ${MAX_MEMBERS} members`)
  return members
}

/** Tells whether an escape such as \n or \u0061 is all there is between two places. */
function isOneEscape(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === (bytes[start + 1] === LETTER_U ? 6 : 2)
}

function isName(bytes: Uint8Array, end: number): boolean {
  let at = end + 1
  while ((bytes[at] ?? COLON) <= SPACE) at += 1
  return bytes[at] === COLON
}

/** Finds the quote that ends the string which starts at another. */
function findStringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  let byte = bytes[at]
  while (byte !== QUOTE && byte !== undefined) {
    at += byte === BACKSLASH ? 2 : 1
    byte = bytes[at]
  }
  return at
}

/** Counts the members of a parsed value at every depth, which has been found to be bounded, and freezes it. @throws JsonRefusal */
function countMembers(value: object, isFrozen: boolean): number {
  const isArray = Array.isArray(value)
  // No honest sender uses this name, and Object.assign would make a prototype of its value.
  if (!isArray && Object.hasOwn(value, '__proto__')) throw new JsonRefusal('names a member __proto__')
  const values: readonly unknown[] = isArray ? value : Object.values(value)
  let members = isArray ? 0 : values.length
  for (const item of values) {
    if (typeof item === 'object' && item !== null) members += countMembers(item, isFrozen)
  }
  if (isFrozen) Object.freeze(value)
  return members
}
