import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createVerifier } from '../../create-verifier.ts'
import { TokenError } from '../../token-error.ts'
import { forgeToken } from '../forge-token.ts'
import { KID, TEST_KEYS } from '../test-keys.ts'

const NOW = 1_700_000_000
const CLAIMS = { iss: 'i', aud: 'a', exp: NOW + 60, sub: 'user-1' }

describe('no change to a token goes unnoticed', () => {
  for (const { alg, native, verification } of TEST_KEYS) {
    const verify = createVerifier({ keys: verification, algorithms: [alg], issuer: 'i', audience: 'a', now: () => NOW })
    const token = forgeToken({ alg, ...(verification.kid === undefined ? {} : { kid: KID }) }, CLAIMS, native, alg)
    const isRefused = (changed: string): void =>
      assert.throws(
        () => verify(changed),
        (error) => error instanceof TokenError,
        changed,
      )

    // The signatures of ML-DSA are thousands of characters long.
    const [step, every] = alg.startsWith('ML-DSA') ? [11, 'every eleventh'] : [1, 'every']

    test(`${alg}: ${every} character changed, left out or doubled is refused`, () => {
      verify(token)
      for (let at = 0; at < token.length; at += step) {
        const character = token.charAt(at)
        for (const other of ['A', 'b', '9', '_', '.', '=', ' ', '\n', '\0', 'é']) {
          if (other !== character) isRefused(token.slice(0, at) + other + token.slice(at + 1))
        }
        isRefused(token.slice(0, at) + token.slice(at + 1))
        isRefused(token.slice(0, at) + character + token.slice(at))
      }
    })

    test(`${alg}: every bit of ${every} byte of every segment changed is refused`, () => {
      const segments = token.split('.')
      for (const [index, segment] of segments.entries()) {
        const bytes = Buffer.from(segment, 'base64url')
        for (let at = 0; at < bytes.length; at += step) {
          for (let bit = 0; bit < 8; bit += 1) {
            const changed = Buffer.from(bytes).fill((bytes[at] ?? 0) ^ (1 << bit), at, at + 1)
            isRefused(segments.with(index, changed.toString('base64url')).join('.'))
          }
        }
      }
    })
  }

  test('whatever string comes in, a TokenError comes out', () => {
    const [first] = TEST_KEYS
    if (first === undefined) throw new Error('unreachable')
    const verify = createVerifier({ keys: first.verification, algorithms: [first.alg], issuer: 'i', audience: 'a' })
    const segment = fc.oneof(
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      fc.string(),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(segment, { maxLength: 5 }).map((segments) => segments.join('.')),
        ),
        (token) => {
          assert.throws(
            () => verify(token),
            (error) => error instanceof TokenError,
          )
        },
      ),
      { numRuns: 2000 },
    )
  })
})
