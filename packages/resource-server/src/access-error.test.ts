import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ACCESS_ERRORS } from './access-error.ts'

const challenges = new Map([
  ['no error', undefined],
  ['none', null],
])

for (const page of ['../../../docs/errors.md', '../README.md']) {
  test(`${page.replace(/^[./]+/, '')} has every code with its challenge, status and sentence, and no other`, () => {
    const text = readFileSync(new URL(page, import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `(\w+)` \| (\S.*) \| (\d{3}) \| (.+) \|$/gm)]
    assert.deepEqual(
      rows.map(([, code, challenge = '', status, detail]) => [
        code,
        challenges.has(challenge) ? challenges.get(challenge) : challenge.replaceAll('`', ''),
        Number(status),
        detail,
      ]),
      Object.entries(ACCESS_ERRORS).map(([code, form]) => [code, form.challenge, form.status, form.detail]),
    )
  })
}
