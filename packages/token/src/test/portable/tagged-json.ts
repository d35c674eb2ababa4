/** Owns the way of the fixtures from Node into a page: JSON, with a tag for what JSON has no value for. */

const TAG = '@tagged'

const SPECIAL: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['undefined', undefined],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
])

/** Writes a value. @throws TypeError for what cannot be written, such as a function */
export function writeTagged(value: unknown): string {
  return JSON.stringify(tag(value))
}

/** Reads what `writeTagged` wrote. */
export function readTagged(text: string): unknown {
  return untag(JSON.parse(text))
}

function tag(value: unknown): unknown {
  for (const [name, special] of SPECIAL) if (Object.is(value, special)) return { [TAG]: name }
  if (typeof value === 'symbol') return { [TAG]: 'symbol', text: value.description }
  if (value instanceof Uint8Array) return { [TAG]: 'bytes', text: String.fromCharCode(...value) }
  if (typeof value === 'bigint') return { [TAG]: 'bigint', text: String(value) }
  if (typeof value === 'function') throw new TypeError('A fixture cannot hold a function.')
  return mapMembers(value, tag)
}

function untag(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, TAG)) return mapMembers(value, untag)
  const { [TAG]: kind, text } = value as { [TAG]: string; text: string }
  if (kind === 'symbol') return Symbol(text)
  if (kind === 'bigint') return BigInt(text)
  return kind === 'bytes' ? Uint8Array.from(text, (character) => character.charCodeAt(0)) : SPECIAL.get(kind)
}

function mapMembers(value: unknown, map: (member: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(member)]))
}
