import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorForms } from './problem.ts'

test('docs/errors.md has every code with its status and sentence, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)].map(([, code, status, detail]) => [
    code,
    Number(status),
    detail,
  ])
  assert.deepEqual(
    rows,
    Object.entries(errorForms).map(([code, { status, detail }]) => [code, status, detail]),
  )
})
