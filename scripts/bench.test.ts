import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from './run-command.ts'

const root = join(import.meta.dirname, '..')

test('refuses minutes that are no number', async () => {
  const { code, output } = await runCommand(process.execPath, ['scripts/bench.ts', 'soak', '--minutes=long'], {
    cwd: root,
  })
  assert.equal(code, 2)
  assert.match(output, /No such part or option: --minutes=long\./)
})

test('refuses a part that it does not have, before it installs or builds anything', async () => {
  const { code, output } = await runCommand(process.execPath, ['scripts/bench.ts', 'speed'], { cwd: root })
  assert.equal(code, 2)
  assert.match(output, /No such part or option: speed\. Usage: npm run bench/)
})
