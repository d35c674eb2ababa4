import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RevocationEntry } from '@countersign/token/revocations'
import fc from 'fast-check'
import { RevocationSet, type TokenMarks } from './revocation-set.ts'

const marks: TokenMarks = { sid: 'session', jti: 'token', sub: 'user', clientId: 'client', kid: 'key', iat: 1000 }

function setOf(...entries: RevocationEntry[]): RevocationSet {
  const set = new RevocationSet()
  for (const entry of entries) set.add(entry)
  return set
}

describe('a set of revocations', () => {
  test('revokes nothing when it is empty', () => {
    assert.equal(setOf().find(marks), undefined)
  })

  test('revokes a session, a token and a key by their names', () => {
    assert.equal(setOf(['s', 'session', 0, 2000]).find(marks), 's')
    assert.equal(setOf(['j', 'token', 0, 2000]).find(marks), 'j')
    assert.equal(setOf(['k', 'key', 0, 2000]).find(marks), 'k')
    assert.equal(
      setOf(['s', 'token', 0, 2000], ['j', 'session', 0, 2000], ['k', 'user', 0, 2000]).find(marks),
      undefined,
    )
  })

  test('revokes what a user, a client and everyone was given before a moment', () => {
    for (const [kind, value] of [
      ['u', 'user'],
      ['c', 'client'],
      ['g', ''],
    ] as const) {
      assert.equal(setOf([kind, value, 1001, 2000]).find(marks), kind)
      assert.equal(setOf([kind, value, 1000, 2000]).find(marks), undefined)
      assert.equal(setOf([kind, value, 1001, 2000]).find({ ...marks, iat: undefined }), kind)
    }
  })

  test('times beyond what the table holds revoke all the same, and are kept', () => {
    const set = setOf(['s', 'session', 0, 2 ** 32], ['u', 'user', 1_800_000_000_000, 1_800_000_600_000])
    set.removeExpired(2 ** 31)
    assert.equal(set.find({ sid: 'session' }), 's')
    assert.equal(set.find({ sub: 'user', iat: 1_800_000_000 }), 'u')
    assert.equal(set.size, 2)
  })

  test('of two entries for one thing the later not-before and the later end hold, in either order', () => {
    for (const kind of ['u', 'c', 'g'] as const) {
      const value = { u: 'user', c: 'client', g: '' }[kind]
      const [early, late]: [RevocationEntry, RevocationEntry] = [
        [kind, value, 500, 3000],
        [kind, value, 1500, 2000],
      ]
      for (const entries of [
        [early, late],
        [late, early],
      ]) {
        const set = setOf(...entries)
        assert.equal(set.size, 1)
        set.removeExpired(2500)
        assert.equal(set.find({ ...marks, iat: 1499 }), kind)
        set.removeExpired(3001)
        assert.equal(set.find(marks), undefined)
      }
    }
  })

  test('forgets what has expired, and gives the memory back', () => {
    const set = setOf()
    for (let index = 0; index < 50_000; index += 1)
      set.add(['s', `session-${index}`, 0, index % 10 === 0 ? 5000 : 2000])
    const before = set.byteLength
    set.removeExpired(2001)
    assert.equal(set.size, 5000)
    assert.ok(set.byteLength < before / 5)
    assert.equal(set.find({ sid: 'session-10' }), 's')
    assert.equal(set.find({ sid: 'session-11' }), undefined)
  })

  test('takes at most 32 bytes an entry at every size, and 21 at 400,000', () => {
    const set = setOf()
    for (let index = 1; index <= 400_000; index += 1) {
      set.add(['s', `session-${index}`, 0, 2000])
      if (index > 2000) assert.ok(set.byteLength / index <= 32, String(index))
    }
    assert.equal(set.size, 400_000)
  })

  test('says what a map of all entries says', () => {
    const entry = fc.tuple(
      fc.constantFrom('s', 'j', 'u'),
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 100 }),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 2000 }), fc.integer({ min: 0, max: 100 }), (entries, now) => {
        const set = setOf()
        const model = new Map<string, [number, number]>()
        for (const [kind, number, notBefore, expiresAt] of entries) {
          const given = kind === 'u' ? notBefore : 0
          set.add([kind, `value-${number}`, given, expiresAt] as RevocationEntry)
          const [held = 0, end = 0] = model.get(`${kind}${number}`) ?? []
          model.set(`${kind}${number}`, [Math.max(held, given), Math.max(end, expiresAt)])
        }
        set.removeExpired(now)
        for (let number = 0; number <= 300; number += 1) {
          const value = `value-${number}`
          const isHeld = (kind: string) => (model.get(`${kind}${number}`)?.[1] ?? -1) >= now
          assert.equal(set.find({ sid: value }), isHeld('s') ? 's' : undefined)
          assert.equal(set.find({ jti: value }), isHeld('j') ? 'j' : undefined)
          const notBefore = isHeld('u') ? (model.get(`u${number}`)?.[0] ?? 0) : 0
          assert.equal(set.find({ sub: value, iat: 25 }), 25 < notBefore ? 'u' : undefined)
        }
      }),
      { numRuns: 50 },
    )
  })
})
