/**
 * Owns the reading of JSON that a stranger wrote: strict UTF-8, one object, no member twice, bounded depth and size
 * (RFC 7515 §4, RFC 7519 §4, RFC 8725 §3.7). JSON.parse parses; this file refuses what JSON.parse would let through.
 */

const MAX_DEPTH = 16
const MAX_MEMBERS = 256

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a JSON text holds once it has been read. */
export type JsonObject = Record<string, unknown>

/** Says what is wrong with a JSON text, in words that follow "The protected header" or "The claims set". */
export class JsonRefusal extends Error {}

/** Parses bytes as one strict JSON object (RFC 8259). @throws JsonRefusal */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw new JsonRefusal('is not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JsonRefusal('is not a JSON object')
  checkJsonText(text)
  return value as JsonObject
}

/**
 * Checks that a valid JSON text names no member twice in one object and stays within the limits (RFC 7519 §4).
 *
 * @throws JsonRefusal
 */
export function checkJsonText(text: string): void {
  const open: (Set<string> | undefined)[] = []
  let members = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case OPEN_OBJECT:
        open.push(new Set())
        break
      case OPEN_ARRAY:
        open.push(undefined)
        break
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop()
        break
      case QUOTE: {
        const end = findStringEnd(text, at)
        if (isFollowedByColon(text, end)) {
          members += 1
          addMember(open.at(-1), text.slice(at, end))
        }
        at = end - 1
      }
    }
    if (open.length > MAX_DEPTH) throw new JsonRefusal(`is nested more than ${MAX_DEPTH} deep`)
    if (members > MAX_MEMBERS) throw new JsonRefusal(`has more than ${MAX_MEMBERS} members`)
  }
}

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

function addMember(names: Set<string> | undefined, quoted: string): void {
  const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  // No honest sender uses this name, and Object.assign would make a prototype of its value.
  if (name === '__proto__') throw new JsonRefusal('names a member __proto__')
  if (names?.has(name)) throw new JsonRefusal('names a member twice')
  names?.add(name)
}

function findStringEnd(text: string, start: number): number {
  let at = start + 1
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at += 1
  return text.charCodeAt(at) === COLON
}
