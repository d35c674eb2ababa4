import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkWrittenJson, JsonRefusal, parseJsonObject } from './json-object.ts'

const parse = (text: string | Uint8Array): unknown =>
  parseJsonObject(typeof text === 'string' ? Buffer.from(text) : text)
const nest = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`
const refuses = (text: string | Uint8Array, reason: RegExp): void =>
  assert.throws(
    () => parse(text),
    (error) => error instanceof JsonRefusal && reason.test(error.message),
    String(text),
  )

test('reads every object that JSON.stringify writes, in the same way', () => {
  const isPlain = (value: unknown): boolean =>
    !JSON.stringify(value).includes('__proto__') && !escapesOneCharacter(JSON.stringify(value))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 20 }).filter(isPlain), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(parse(text), JSON.parse(text))
    }),
  )
})

test('refuses a member that is named twice at any depth, however its name is spelt (RFC 7519 §4)', () => {
  const twice = /names a member twice/
  refuses('{"a":1,"a":2}', twice)
  refuses('{"a":1 , "b":[{"c":{"d":1,"x":[],"d" : 2}}]}', twice)
  refuses('{"":1,"":2}', twice)
  refuses('{"ab":1,"\\u0061b":2}', twice)
  refuses('{"a\\\\":1,"a\\u005c":2}', twice)
  refuses('{"constructor":1,"constructor":2}', twice)
})

test('refuses a name of one character that is written as an escape, which V8 may take for another', () => {
  // This makes V8 13.6 read the second name of the next text as a backslash.
  JSON.parse('{"a":0,"\\\\":0}')
  for (const name of ['\\u0061', '\\u0062', '\\n', '\\"', '\\\\', '\\/']) {
    refuses(`{"a":0,"${name}":1}`, /by one escaped character/)
    refuses(`{"x":[{"${name}" \n: 1}]}`, /by one escaped character/)
  }
  for (const text of ['{"a":"\\u0061"}', '{"\\u0061b":1}', '{"\\nabcd":1}', '{"a\\n":["\\n"]}', '{"\\n\\n\\n":1}']) {
    assert.deepEqual(parse(text), JSON.parse(text))
  }
})

test('lets the same name stand in two objects, and in strings', () => {
  for (const text of [
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '{"a":["a","a"]}',
    '{"a":":","b":"a"}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text))
  }
})

test('refuses bytes that are not UTF-8, and a byte order mark (RFC 8725 §3.7)', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    refuses(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]), /not JSON in UTF-8/)
  }
  refuses(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]), /not JSON in UTF-8/)
  refuses(Buffer.from('{"a":1}', 'utf16le'), /not JSON in UTF-8/)
})

test('refuses what is no JSON object', () => {
  for (const text of [
    '',
    ' ',
    'null',
    'true',
    '1',
    '"a"',
    '[]',
    '[{}]',
    '{} {}',
    '{}x',
    "{'a':1}",
    '{"a":1,}',
    '{a:1}',
    '{"a":NaN}',
    '{"a":01}',
  ]) {
    refuses(text, /is not/)
  }
})

test('lets objects be nested 16 deep and no deeper', () => {
  assert.deepEqual(parse(nest(16)), JSON.parse(nest(16)))
  refuses(nest(17), /nested more than 16 deep/)
  refuses(`{"a":${'['.repeat(16)}${']'.repeat(16)}}`, /nested more than 16 deep/)
})

test('lets an object have 256 members in all and no more', () => {
  const wide = (count: number): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 1])))
  assert.equal(Object.keys(parse(wide(256)) as object).length, 256)
  refuses(wide(257), /more than 256 members/)
})

test('refuses a member __proto__ in any spelling, and leaves other prototype names what they are', () => {
  refuses('{"__proto__":{"admin":true}}', /__proto__/)
  refuses('{"a":[{"\\u005f_proto__":1}]}', /__proto__/)
  assert.deepEqual(Object.keys(parse('{"constructor":{"prototype":1},"toString":2}') as object), [
    'constructor',
    'toString',
  ])
})

/** Writes a value as JSON in other words: members out of order or twice, names and strings escaped, white space. */
const spell = (value: unknown, choose: () => number): string => {
  const space = ['', '', ' ', '\n\t'][choose() % 4]
  const text = (string: string): string =>
    choose() % 3 === 0
      ? `"${[...string].map((character) => [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')).join('')}"`
      : JSON.stringify(string)
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return `[${space}${value.map((item) => spell(item, choose)).join(`${space},`)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).flatMap((entry) => (choose() % 40 === 0 ? [entry, entry] : [entry]))
  return `{${members.map(([name, item]) => `${text(name)}${space}:${space}${spell(item, choose)}`).join(`,${space}`)}${space}}`
}

/** Finds a name that is one character and written as an escape. */
const escapesOneCharacter = (text: string): boolean =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?/g)].some(
    ([, string = '', colon]) => colon !== undefined && /^\\(?:u[0-9a-f]{4}|[^u])$/i.test(string),
  )

/** Finds a member that is named twice in the plain way: by keeping the names of each object that is open. */
const namesTwice = (text: string): boolean => {
  const open: (Set<string> | undefined)[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token.endsWith(':')) {
      const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string
      if (open.at(-1)?.has(name)) return true
      open.at(-1)?.add(name)
    }
  }
  return false
}

test('refuses exactly the texts that name a member twice, however they are spelt', () => {
  const awkward = fc.string({ unit: fc.constantFrom(...'ab:"\\{}[],é🦊 '), maxLength: 4 })
  const value = fc.dictionary(fc.oneof(awkward, fc.string()), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 })
  const isPlain = (json: unknown): boolean => !JSON.stringify(json).includes('__proto__')
  let [refused, read] = [0, 0]
  fc.assert(
    fc.property(value.filter(isPlain), fc.infiniteStream(fc.nat(1000)), (json, choices) => {
      const text = spell(json, () => choices.next().value ?? 0)
      if (escapesOneCharacter(text)) {
        refuses(text, /names a member/)
      } else if (namesTwice(text)) {
        refused += 1
        refuses(text, /names a member twice/)
      } else {
        read += 1
        assert.deepEqual(parse(text), JSON.parse(text))
      }
    }),
    { numRuns: 2000 },
  )
  assert.ok(refused > 50 && read > 500, `${refused} refused, ${read} read`)
})

test('takes from JSON.stringify what it would read, and refuses what it would not', () => {
  const check = (value: unknown): void => {
    const text = JSON.stringify(value)
    checkWrittenJson(Buffer.from(text), text)
  }
  check({ a: '__proto__', b: ['"__proto__"', '\\"__proto__":'], c: 'x"__proto__"' })
  check(JSON.parse(nest(16)))
  assert.throws(() => check(JSON.parse(nest(17))), JsonRefusal)
  assert.throws(() => check(JSON.parse('{"a":[{"__proto__":1}]}')), JsonRefusal)
  assert.throws(() => check(Object.fromEntries(Array.from({ length: 257 }, (_, index) => [index, 1]))), JsonRefusal)
})
