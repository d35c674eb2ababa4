import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TOKEN_ERROR_CODES, TokenError } from './token-error.ts'

test('the README explains every code, in the order of the list, and no other', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
  const table = readme.slice(readme.indexOf('## Error codes'), readme.indexOf('## What is refused'))
  assert.deepEqual(
    [...table.matchAll(/^\| `([a-z_]+)` +\|/gm)].map(([, code]) => code),
    [...TOKEN_ERROR_CODES],
  )
})

test('an error tells its code, and of the rest only what was given', () => {
  const error = new TokenError('issuer_mismatch', 'Wrong.', { claim: 'iss', expected: ['a'], received: 'b' })
  assert.deepEqual(
    { ...error },
    { name: 'TokenError', code: 'issuer_mismatch', claim: 'iss', expected: ['a'], received: 'b' },
  )
  assert.deepEqual({ ...new TokenError('token_malformed', 'Wrong.') }, { name: 'TokenError', code: 'token_malformed' })
})
