import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createReadStream, openSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { newFolder } from './test/running-server.ts'

const program = fileURLToPath(new URL('./log-destination-worker.ts', import.meta.url))

/** Starts the worker, with its log in a file or a pipe. @param limit what the shell does first */
function startWorker(t: TestContext, stdout: number, limit = '') {
  const words = ['-c', `${limit} exec "$0" "$@"`, process.execPath, ...process.execArgv, program]
  const child = spawn('bash', words, { stdio: ['pipe', stdout, 'pipe'] })
  t.after(() => void child.kill('SIGKILL'))
  const { stdin, stderr: messages } = child
  assert.ok(stdin && messages)
  let stderr = ''
  messages.setEncoding('utf8').on('data', (chunk) => (stderr += chunk))
  const exit = once(child, 'exit')
  return {
    stderr: () => stderr,
    /** Waits until so many lines have been logged, though maybe not written. */
    async log(lines: number) {
      const before = stderr.length
      stdin.write(`${lines}\n`)
      await until('logged', () => stderr.slice(before).includes(`logged ${lines}`))
    },
    async end() {
      stdin.end()
      const [code, signal] = await exit
      return { code, signal }
    },
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let wait = 0; !holds(); wait++) {
    if (wait > 1000) assert.fail(`not within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A pipe that nobody reads unless the test does. */
function openPipe(t: TestContext): { path: string; fd: number } {
  const path = join(newFolder(t), 'pipe')
  execFileSync('/usr/bin/mkfifo', [path])
  const fd = openSync(path, 'r+')
  t.after(() => closeSync(fd))
  return { path, fd }
}

test('lines that a full disk takes no more wait, are said to wait once, and are written as soon as there is room', async (t) => {
  const path = join(newFolder(t), 'log')
  const worker = startWorker(t, openSync(path, 'a'), 'ulimit -f 16;')
  await worker.log(100)
  await until('full', () => worker.stderr().includes('cannot be written'))
  await worker.log(10)
  assert.equal(worker.stderr().match(/The log cannot be written \(EFBIG\)/g)?.length, 1)
  const first = readFileSync(path, 'utf8')
  truncateSync(path)
  await until('written', () => readFileSync(path, 'utf8').split('\n').length > 40)
  assert.deepEqual(await worker.end(), { code: 0, signal: null })
  const lines = (first + readFileSync(path, 'utf8')).trimEnd().split('\n')
  assert.equal(lines.length, 110)
  for (const line of lines) assert.match(line, /^\{"level":30.*\}$/)
})

test('lines that are more than a megabyte behind are dropped, and their number is told', async (t) => {
  const { path, fd } = openPipe(t)
  const worker = startWorker(t, fd)
  await worker.log(8000)
  let text = ''
  const reader = createReadStream(path, { encoding: 'utf8' }).on('data', (chunk) => (text += chunk))
  t.after(() => reader.destroy())
  await until('told', () => text.includes('"log.dropped"'))
  const lines = text.trimEnd().split('\n')
  const { lines: dropped } = JSON.parse(lines.at(-1) ?? '')
  assert.equal(lines.length - 1 + dropped, 8000)
  assert.ok(dropped > 2000, `${dropped} dropped`)
  assert.deepEqual(await worker.end(), { code: 0, signal: null })
})

test('the process ends although the log is a disk that is full', async (t) => {
  const worker = startWorker(t, openSync('/dev/full', 'w'))
  await worker.log(100)
  const began = performance.now()
  assert.deepEqual(await worker.end(), { code: 0, signal: null })
  assert.ok(performance.now() - began < 2000)
})

test('the process ends although a write to a pipe that nobody reads stands still', async (t) => {
  const worker = startWorker(t, openPipe(t).fd)
  await worker.log(1000)
  const began = performance.now()
  assert.deepEqual(await worker.end(), { code: null, signal: 'SIGKILL' })
  assert.ok(performance.now() - began < 2000)
})

test('the last lines are written before the process ends', async (t) => {
  const path = join(newFolder(t), 'log')
  const worker = startWorker(t, openSync(path, 'a'))
  await worker.log(500)
  assert.deepEqual(await worker.end(), { code: 0, signal: null })
  assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 500)
})
