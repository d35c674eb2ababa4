import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

test('the adapters fit the types of their frameworks', () => {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'test/frameworks']
  const tsc = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  assert.equal(tsc.status, 0, tsc.stdout)
})
