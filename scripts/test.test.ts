// Runs the test runner on small repositories of its own.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { after, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findMarked, isRunning } from './marked-processes.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const passing = "import test from 'node:test'\ntest('passes', () => {})\n"
const skipping = `${passing}test('waits', { skip: 'needs nginx: apt-get install nginx' }, () => {})\n`
const sleeper = "['-e', 'setInterval(() => {}, 1000)']"
const onLinux = existsSync('/proc/self/environ') ? false : 'needs /proc'

describe('a run of tests', () => {
  test('passes when every test does', async () => {
    const { code, output } = await run({ 'test/a.test.ts': passing })
    assert.equal(code, 0, output)
    assert.match(output, /tests 1/)
  })

  test('fails when a test does', async () => {
    const failing = "import test from 'node:test'\ntest('fails', () => { throw new Error('broken') })\n"
    assert.equal((await run({ 'test/a.test.ts': passing, 'packages/a/src/b.test.ts': failing })).code, 1)
  })

  test('fails without a test file', async () => {
    assert.match((await refused({})).output, /No test file\./)
  })

  test('fails when no test file has the given word in its path', async () => {
    assert.match(
      (await refused({ 'test/a.test.ts': passing }, ['packages/b'])).output,
      /No test file has packages\/b in its path/,
    )
  })

  test('takes only the files whose path holds the given word', async () => {
    const broken = 'throw new Error()'
    assert.equal((await run({ 'test/a.test.ts': passing, 'packages/b/src/b.test.ts': broken }, ['./test/a'])).code, 0)
  })

  test('fails on a test file that it would pass over', async () => {
    const { output } = await refused({ 'test/a.test.ts': passing, 'docs/b.test.ts': passing })
    assert.match(output, /No run collects these test files; rename or move them:\n {2}docs\/b\.test\.ts/)
  })

  test('fails on a test file that declares no test', async () => {
    const { output } = await refused({ 'test/a.test.ts': passing, 'test/b.test.ts': 'export const a = 1' })
    assert.match(output, /A test file declares no test: test\/b\.test\.ts/)
  })

  test('fails on a test that is still to be done', async () => {
    const { output } = await refused({ 'test/a.test.ts': `${passing}test('later', { todo: true }, () => {})` })
    assert.match(output, /A test is still to be done: later/)
  })

  test('lists what it skipped, with the command that installs what is missing', async () => {
    const { code, output } = await run({ 'test/a.test.ts': skipping })
    assert.equal(code, 0, output)
    assert.match(output, /Skipped: 1 test\n {2}needs nginx: apt-get install nginx \(1 test\)/)
  })

  test('fails on a skipped test when every test is required', async () => {
    const { output } = await refused({ 'test/a.test.ts': skipping }, [], { COUNTERSIGN_TEST_REQUIRE: 'all' })
    assert.match(output, /1 test skipped, and COUNTERSIGN_TEST_REQUIRE=all/)
  })

  test('installs the packages of an example before a test that runs it, and no others', async () => {
    const lock = JSON.stringify({ name: 'a', lockfileVersion: 3, requires: true, packages: { '': { name: 'a' } } })
    const files = {
      'examples/a/package.json': '{"name":"a"}',
      'examples/a/package-lock.json': lock,
      'test/examples/a.test.ts': passing,
      'test/other.test.ts': passing,
    }
    assert.match((await run(files)).output, /^Installing the packages of a with npm/)
    assert.doesNotMatch((await run(files, ['other'])).output, /Installing/)
  })

  test('fails on a process that outlives the tests, and ends it', { skip: onLinux }, async () => {
    const leaving = `${passing}import { spawn } from 'node:child_process'
      spawn(process.execPath, ${sleeper}, { detached: true, stdio: 'ignore' }).unref()`
    const { output } = await refused({ 'test/a.test.ts': leaving })
    const pid = Number(/A process outlived the tests and had to be ended: (\d+)/.exec(output)?.[1])
    assert.ok(!isRunning(pid))
  })

  test('leaves no process behind when it is told to stop', { skip: onLinux }, async () => {
    const staying = `import { spawn } from 'node:child_process'
      import { writeFileSync } from 'node:fs'
      import test from 'node:test'
      test('stays', async () => {
        spawn(process.execPath, ${sleeper}, { stdio: 'ignore' })
        spawn(process.execPath, ${sleeper}, { detached: true, stdio: 'ignore' })
        writeFileSync('started', process.env.COUNTERSIGN_TEST_RUN ?? '')
        await new Promise(() => setInterval(() => {}, 1000))
      })`
    const folder = repository({ 'test/a.test.ts': staying })
    const runner = startRunner(folder, [])
    const marks = await contentOf(join(folder, 'started'))
    const mark = marks.split(' ').at(-1) ?? ''
    assert.ok(findMarked(mark).length >= 4)
    runner.kill('SIGTERM')
    await once(runner, 'exit')
    assert.equal(runner.exitCode, 143)
    assert.deepEqual(findMarked(mark), [])
  })
})

async function refused(files: Record<string, string>, args: string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const result = await run(files, args, environment)
  assert.equal(result.code, 1, result.output)
  return result
}

async function run(files: Record<string, string>, args: string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const runner = startRunner(repository(files), args, environment)
  let output = ''
  for (const stream of [runner.stdout, runner.stderr]) {
    stream?.on('data', (text) => {
      output += text
    })
  }
  await once(runner, 'close')
  return { code: runner.exitCode, output }
}

function startRunner(folder: string, args: string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const { COUNTERSIGN_TEST_REQUIRE: _, ...inherited } = process.env
  const env = { ...inherited, NO_COLOR: '1', ...environment }
  return spawn(process.execPath, ['scripts/test.ts', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

function repository(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign test '))
  folders.push(folder)
  cpSync(import.meta.dirname, join(folder, 'scripts'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  })
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

async function contentOf(file: string): Promise<string> {
  for (let waited = 0; !existsSync(file) || readFileSync(file, 'utf8') === ''; waited += 50) {
    assert.ok(waited < 10_000, `${file} was not written.`)
    await sleep(50)
  }
  return readFileSync(file, 'utf8')
}
