// A server whose process stands still (SIGSTOP): its sockets stay open, its database goes on, and the command line writes to that.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createProtection, type Protection, systemClock } from '@countersign/resource-server'
import { findFreePort } from '../examples/running-program.ts'

const packages = join(import.meta.dirname, '../../packages')
const folder = mkdtempSync(join(tmpdir(), 'countersign-stopped-'))
const account = { email: 'ada@example.com', password: 'a quite long password' }

let issuer: string
let server: ChildProcess
const apis: Protection[] = []

/** Starts a program from its source; nothing of our own settings reaches it but the mark by which a test run finds what it started. */
function start(file: string, words: readonly string[], settings: Readonly<Record<string, string>>): ChildProcess {
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const env = { PATH, HOME, COUNTERSIGN_TEST_RUN, COUNTERSIGN_DATA_DIR: folder, ...settings }
  const args = ['--conditions=@countersign/source', join(packages, file), ...words]
  return spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs the command line to its end, and reads what it prints as JSON. */
async function command(...words: readonly string[]): Promise<Record<string, string>> {
  const child = start('cli/src/main.ts', [...words, '--json'], {})
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  await once(child, 'close')
  assert.equal(child.exitCode, 0, words.join(' '))
  return JSON.parse(output)
}

async function post(path: string, json: object): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json' }
  return (await (await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(json) })).json()) as never
}

before(async () => {
  const port = await findFreePort()
  issuer = `http://127.0.0.1:${port}`
  server = start('server/src/main.ts', ['dev'], { PORT: String(port), COUNTERSIGN_ISSUER: issuer })
  server.stdout?.resume()
  await until('the server answers', async () => (await fetch(`${issuer}/readyz`).catch(() => undefined))?.ok === true)
})
after(async () => {
  for (const api of apis) api.close()
  server.kill('SIGKILL')
  await once(server, 'close')
  rmSync(folder, { recursive: true, force: true })
})

/** Waits until something holds; tells how long it took, in milliseconds. */
async function until(what: string, holds: () => Promise<boolean> | boolean, longest = 15_000): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > longest) throw new Error(`not within ${longest} ms: ${what}`)
    await sleep(10)
  }
  return performance.now() - began
}

/** Stops the server, but not within a transaction, which would hold the database for as long. */
async function stop(): Promise<void> {
  for (;;) {
    server.kill('SIGSTOP')
    const database = new DatabaseSync(join(folder, 'countersign.db'), { timeout: 100 })
    try {
      database.exec('BEGIN IMMEDIATE; ROLLBACK')
      return
    } catch {
      server.kill('SIGCONT')
      await sleep(50)
    } finally {
      database.close()
    }
  }
}

async function statusOf(api: Protection, token: string): Promise<number> {
  const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : undefined)
  const decision = await api.decide({ method: 'GET', header })
  return decision.outcome === 'refused' ? decision.error.status : 200
}

test('a server that stands still makes no verifier accept what the command line has revoked, and none answer 401 for it', async () => {
  const { client_id: clientId = '', client_secret: clientSecret = '' } = await command(
    ...['clients', 'create', '--name', 'reader', '--scope', 'revocations:read tokens:introspect'],
  )
  let ahead = 0
  const later = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead }
  const protect = async (revocation: 'strict' | 'bounded', clock = systemClock) => {
    const feed = { clientId, clientSecret }
    const api = createProtection({ issuer, audience: issuer, feed, revocation, clock, log: { warn: () => undefined } })
    apis.push(api)
    await until('LIVE', () => api.status()[issuer]?.state === 'LIVE')
    return api
  }
  const [strict, bounded, patient] = [
    await protect('strict'),
    await protect('bounded'),
    await protect('bounded', later),
  ]
  await post('/api/auth/register', account)
  const { accessToken = '' } = await post('/api/auth/login', account)
  for (const api of apis) assert.equal(await statusOf(api, accessToken), 200)

  await stop()
  const seen = new Set<number>()
  const took = await until('strict refuses', async () => {
    const status = await statusOf(strict, accessToken)
    seen.add(status)
    return status !== 200
  })
  assert.deepEqual([...seen], [200, 503])
  assert.ok(took < 15_000, `strict accepted for ${took} ms`)
  assert.equal(strict.status()[issuer]?.state, 'STALE')
  assert.equal(await statusOf(bounded, accessToken), 200)
  ahead = 30_000
  assert.equal(patient.status()[issuer]?.state, 'DOWN')
  assert.equal(await statusOf(patient, accessToken), 503)

  await command('users', 'suspend', account.email, '--reason', 'a test')
  assert.deepEqual([await statusOf(strict, accessToken), await statusOf(bounded, accessToken)], [503, 200])

  server.kill('SIGCONT')
  for (const api of [strict, bounded]) {
    await until('LIVE again', async () => {
      const wasLive = api.status()[issuer]?.state === 'LIVE'
      const status = await statusOf(api, accessToken)
      assert.ok(!(wasLive && status === 200), 'it says that it knows everything, and accepts what was revoked')
      return wasLive
    })
    assert.equal(await statusOf(api, accessToken), 401)
  }
})
