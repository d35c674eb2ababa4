import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonRefusal, parseJsonObject } from './json-object.ts'

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
  const isPlain = (value: unknown): boolean => !JSON.stringify(value).includes('__proto__')
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
  refuses('{"a":1,"\\u0061":2}', twice)
  refuses('{"a":1 , "b":[{"c":{"d":1,"x":[],"d" : 2}}]}', twice)
  refuses('{"":1,"":2}', twice)
  refuses('{"\\"":1,"\\u0022":2}', twice)
  refuses('{"a\\\\":1,"a\\u005c":2}', twice)
  refuses('{"constructor":1,"constructor":2}', twice)
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
