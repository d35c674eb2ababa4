import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

for (const project of globSync('examples/*/tsconfig.json', { cwd: root })) {
  test(`${project} compiles`, () => {
    const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.equal(tsc.status, 0, tsc.stdout)
  })
}
