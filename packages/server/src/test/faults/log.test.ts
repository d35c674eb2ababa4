/** What is in the way of the log is in the way of nothing else. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../free-port.ts'
import { mainFile, newFolder } from '../running-server.ts'

/** Starts the server with its log on a descriptor of ours. */
async function startWithLog(t: TestContext, fd: number) {
  const port = await findFreePort()
  const issuer = `http://localhost:${port}`
  const needed = { COUNTERSIGN_ISSUER: issuer, COUNTERSIGN_AUDIENCE: issuer, COUNTERSIGN_DATA_DIR: newFolder(t) }
  const conditions = process.execArgv.filter((flag) => flag.startsWith('--conditions'))
  const { PATH = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const masterKey = randomBytes(32).toString('base64url')
  const child = spawn(process.execPath, [...conditions, mainFile, 'start'], {
    env: { PATH, COUNTERSIGN_TEST_RUN, PORT: String(port), COUNTERSIGN_MASTER_KEY: masterKey, ...needed },
    stdio: ['ignore', fd, 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr?.on('data', (chunk) => (stderr += chunk))
  const exit = once(child, 'exit')
  const ask = (path: string) => fetch(issuer + path, { signal: AbortSignal.timeout(3000) }).then(({ status }) => status)
  for (let wait = 0; (await ask('/readyz').catch(() => 0)) !== 200; wait++) {
    assert.ok(wait < 200, stderr)
    await sleep(50)
  }
  return { child, ask, exit, stderr: () => stderr }
}

test('a disk that is full under the log costs lines and nothing else, and stderr says so', async (t) => {
  const { child, ask, exit, stderr } = await startWithLog(t, openSync('/dev/full', 'w'))
  for (let turn = 0; turn < 100; turn++) assert.equal(await ask('/nowhere'), 404)
  child.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
  assert.match(stderr(), /^The log cannot be written \(ENOSPC\).*\n$/)
})

test('a reader of the log that stands still holds up neither requests nor the end', async (t) => {
  const path = join(newFolder(t), 'pipe')
  execFileSync('/usr/bin/mkfifo', [path])
  const pipe = openSync(path, 'r+')
  t.after(() => closeSync(pipe))
  const { child, ask, exit } = await startWithLog(t, pipe)
  for (let turn = 0; turn < 600; turn++) assert.equal(await ask('/nowhere'), 404)
  const began = performance.now()
  child.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
  assert.ok(performance.now() - began < 3000)
})
