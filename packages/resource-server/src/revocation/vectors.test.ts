import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { RevocationEntry } from '@countersign/token/revocations'
import { RevocationSet } from './revocation-set.ts'

interface Vector {
  readonly title: string
  readonly entries: readonly RevocationEntry[]
  readonly now?: number
  readonly claims: {
    readonly sid?: string
    readonly jti?: string
    readonly sub?: string
    readonly client_id?: string
    readonly iat?: number
  }
  readonly kid: string | null
  readonly found: string | null
}

const file = new URL('../../../../test/feed/vectors.json', import.meta.url)

for (const { title, entries, now, claims, kid, found } of JSON.parse(readFileSync(file, 'utf8')) as Vector[]) {
  test(`the vectors that every reader passes: ${title}`, () => {
    const set = new RevocationSet()
    for (const entry of entries) set.add(entry)
    if (now !== undefined) set.removeExpired(now)
    const { client_id: clientId, ...marks } = claims
    assert.equal(set.find({ ...marks, clientId, kid: kid ?? undefined }) ?? null, found)
  })
}
