import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { newFolder } from './test/command.ts'

const bound = '--max-semi-space-size=4'
const moduleUrl = new URL('./bound-new-space.ts', import.meta.url).href
const skip = process.platform === 'win32' && 'Windows has no execve, and the process goes on as it is'

interface Way {
  readonly options?: readonly string[]
  readonly nodeOptions?: string
  readonly hasChannel?: boolean
}

/** Runs a program that bounds its new space, and asks it what it is in the end. */
async function run(t: TestContext, { options = [], nodeOptions, hasChannel = false }: Way) {
  const program = join(newFolder(t), 'program.mjs')
  writeFileSync(
    program,
    `import { boundNewSpace } from ${JSON.stringify(moduleUrl)}
     boundNewSpace(process.env.NODE_OPTIONS)
     const { pid, execArgv, argv, env, connected = false } = process
     console.log(JSON.stringify({ pid, execArgv, words: argv.slice(2), setting: env.SETTING, connected }))
     process.channel?.unref()`,
  )
  const env = {
    PATH: process.env.PATH,
    SETTING: 'kept',
    ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
  }
  const child = spawn(process.execPath, [...options, program, 'a word'], {
    stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
    timeout: 20_000,
    env,
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout as never), text(child.stderr as never)])
  assert.equal(stderr, '')
  const { pid, ...seen } = JSON.parse(stdout)
  assert.equal(pid, child.pid)
  return seen
}

describe('the bound of the new space', { skip }, () => {
  test('starts the process anew in its place: with its id, options, words and environment', async (t) => {
    const seen = await run(t, { options: ['--no-deprecation'], nodeOptions: '--stack-trace-limit=20' })
    const execArgv = ['--no-deprecation', bound]
    assert.deepEqual(seen, { execArgv, words: ['a word'], setting: 'kept', connected: false })
  })

  test('leaves a process alone that has a channel to its parent, which would be lost', async (t) => {
    const { execArgv, connected } = await run(t, { hasChannel: true })
    assert.deepEqual([execArgv, connected], [[], true])
  })

  for (const option of [
    '--max-semi-space-size=8',
    '--max_semi_space_size=8',
    '--import=data:text/javascript,',
    '--inspect-port=0',
    '--require=node:fs',
  ])
    test(`leaves a process alone that was given ${option}, in whatever way`, async (t) => {
      assert.deepEqual((await run(t, { options: [option] })).execArgv, [option])
      assert.deepEqual((await run(t, { nodeOptions: `--no-deprecation ${option}` })).execArgv, [])
    })
})
