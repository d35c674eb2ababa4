import assert from 'node:assert/strict'
import { exec } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { newFolder, refresh, signUp, spawnServer, startDev } from '../running-server.ts'

const strongKey = Buffer.alloc(32, 3).toString('base64url')

describe('dev', () => {
  test('prints a line for each thing that exists, and a curl line that works when pasted, twice', async (t) => {
    const { issuer, output } = await startDev(t)
    for (const path of ['/.well-known/jwks.json', '/docs/api']) {
      assert.ok(output.stdout.includes(`${issuer}${path}`), path)
      assert.equal((await fetch(issuer + path)).status, 200, path)
    }
    const line = output.stdout.split('\n').find((one) => one.startsWith('curl')) ?? ''
    for (const shell of ['/bin/sh', '/bin/bash']) {
      const { stdout } = await promisify(exec)(line, { shell })
      assert.deepEqual(Object.keys(JSON.parse(stdout)).sort(), [
        'accessToken',
        'expiresIn',
        'refreshToken',
        'tokenType',
      ])
    }
  })

  test('shows metrics, of the process too, on the port itself, or only on COUNTERSIGN_METRICS_PORT', async (t) => {
    const [plain, apart] = await Promise.all([startDev(t), startDev(t, { COUNTERSIGN_METRICS_PORT: '0' })])
    const addressOf = ({ output }: { output: { stdout: string } }) =>
      /^ {2}Metrics +(\S+)$/m.exec(output.stdout)?.[1] ?? ''
    for (const server of [plain, apart]) {
      const scrape = await fetch(addressOf(server))
      assert.match(scrape.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
      assert.match(await scrape.text(), /^process_resident_memory_bytes [\s\S]*^countersign_build_info/m)
    }
    assert.equal(new URL(addressOf(plain)).port, new URL(plain.issuer).port)
    assert.equal((await fetch(`${apart.issuer}/metrics`)).status, 404)
    const other = new URL('/healthz', addressOf(apart))
    assert.equal((await fetch(other)).status, 404, 'nothing else is there')
  })

  test('makes its folder for this user alone, and keeps it out of every commit', async (t) => {
    const dataDir = join(newFolder(t), 'new', 'data')
    await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir })
    assert.equal(statSync(dataDir).mode & 0o777, 0o700)
    assert.equal(readFileSync(join(dataDir, '.gitignore'), 'utf8'), '*\n')
    for (const name of readdirSync(dataDir)) assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name)
  })

  test('keeps accounts, sessions and keys over a restart', async (t) => {
    const dataDir = newFolder(t)
    const first = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir })
    const tokens = await signUp(first.issuer, 'ada')
    const keys = await (await fetch(`${first.issuer}/.well-known/jwks.json`)).text()
    first.child.kill('SIGTERM')
    assert.equal((await first.ended()).code, 0)
    const second = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir, PORT: new URL(first.issuer).port })
    assert.equal(await (await fetch(`${second.issuer}/.well-known/jwks.json`)).text(), keys)
    assert.equal((await refresh(second.issuer, tokens.refreshToken)).status, 200)
    const profile = await fetch(`${second.issuer}/api/auth/me`, {
      headers: { authorization: `Bearer ${tokens.accessToken}` },
    })
    assert.equal(profile.status, 200)
  })

  test('two that start at once in a new folder use the same keys', async (t) => {
    const dataDir = newFolder(t)
    const both = await Promise.all([
      startDev(t, { COUNTERSIGN_DATA_DIR: dataDir }),
      startDev(t, { COUNTERSIGN_DATA_DIR: dataDir }),
    ])
    const [one, two] = await Promise.all(
      both.map(async ({ issuer }) => (await fetch(`${issuer}/.well-known/jwks.json`)).text()),
    )
    assert.equal(one, two)
  })

  test('takes the shared secret of HS256 under its usual name', async (t) => {
    const env = { COUNTERSIGN_SIGNING_ALG: 'HS256', JWT_SECRET: 'kV9w2Rz-5tQ8xLmN3pYc7BdFhJ1sGv6A' }
    const { issuer, output } = await startDev(t, env)
    const { accessToken } = await signUp(issuer, 'ada')
    assert.equal(JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).alg, 'HS256')
    assert.ok(!(output.stdout + output.stderr).includes(env.JWT_SECRET))
  })
})

describe('start', () => {
  const settings = {
    PORT: '0',
    COUNTERSIGN_ISSUER: 'https://auth.example.com',
    COUNTERSIGN_AUDIENCE: 'https://api.example.com',
    COUNTERSIGN_MASTER_KEY: strongKey,
  }

  test('says that it is ready, as a line of JSON', async (t) => {
    const server = spawnServer(t, 'start', { ...settings, COUNTERSIGN_DATA_DIR: newFolder(t) })
    const line = await firstLine(server.output, (one) => one.msg === 'ready')
    assert.equal(line.issuer, settings.COUNTERSIGN_ISSUER)
    server.child.kill('SIGTERM')
    assert.equal((await server.ended()).code, 0)
  })

  test('shows metrics on COUNTERSIGN_METRICS_PORT alone, and without it nowhere', async (t) => {
    const start = (env: Record<string, string>) =>
      spawnServer(t, 'start', { ...settings, COUNTERSIGN_DATA_DIR: newFolder(t), ...env })
    const [apart, without] = [start({ COUNTERSIGN_METRICS_PORT: '0' }), start({})]
    const [line, other] = await Promise.all(
      [apart, without].map(({ output }) => firstLine(output, ({ msg }) => msg === 'ready')),
    )
    const ask = async (port: unknown) => (await fetch(`http://127.0.0.1:${port}/metrics`)).status
    assert.deepEqual([await ask(line?.port), await ask(line?.metricsPort)], [404, 200])
    assert.deepEqual([await ask(other?.port), other?.metricsPort], [404, undefined])
  })

  test('without settings lists all that are missing, makes nothing and exits 2', async (t) => {
    const folder = newFolder(t)
    const { code, stdout, stderr } = await spawnServer(t, 'start', {}, folder).ended()
    assert.equal(code, 2)
    for (const name of ['COUNTERSIGN_ISSUER', 'COUNTERSIGN_AUDIENCE', 'COUNTERSIGN_MASTER_KEY'])
      assert.match(stderr, new RegExp(`^  ${name} is not set: `, 'm'))
    assert.equal(stdout, '')
    assert.deepEqual(readdirSync(folder), [])
  })

  test('with several bad settings lists each with its mend, and no secret', async (t) => {
    const secret = 'supersecretsupersecretsupersecret'
    const bad = {
      ...{ PORT: 'eighty', COUNTERSIGN_ISSUER: 'http://auth.example.com', COUNTERSIGN_MASTER_KEY: 'short-master-key' },
      ...{
        COUNTERSIGN_REFRESH_LEEWAY: '10',
        COUNTERSIGN_KEY_PUBLISH_AHEAD: '0',
        COUNTERSIGN_ACCESS_TOKEN_LIFETIME: '2h',
        COUNTERSIGN_ROLE_SCOPES: '[',
        COUNTERSIGN_ALLOWED_ORIGINS: 'https://app.example.com/',
      },
      ...{
        COUNTERSIGN_SIGNING_ALG: 'HS256',
        JWT_SECRET: secret,
        COUNTERSIGN_DATABASE_URL: 'mysql://x',
        COUNTERSIGN_DATABASE_CONNECTIONS: '0',
        COUNTERSIGN_TRUSTED_PROXIES: 'all',
        COUNTERSIGN_METRICS_PORT: '70000',
      },
    }
    const { code, stderr } = await spawnServer(t, 'start', bad).ended()
    assert.equal(code, 2)
    const names =
      'PORT COUNTERSIGN_ISSUER COUNTERSIGN_AUDIENCE COUNTERSIGN_MASTER_KEY COUNTERSIGN_REFRESH_LEEWAY COUNTERSIGN_KEY_PUBLISH_AHEAD COUNTERSIGN_ACCESS_TOKEN_LIFETIME COUNTERSIGN_ROLE_SCOPES COUNTERSIGN_ALLOWED_ORIGINS COUNTERSIGN_SIGNING_SECRET COUNTERSIGN_DATABASE_URL COUNTERSIGN_DATABASE_CONNECTIONS COUNTERSIGN_TRUSTED_PROXIES COUNTERSIGN_METRICS_PORT'
    for (const name of names.split(' ')) assert.match(stderr, new RegExp(`^  ${name} `, 'm'), name)
    assert.match(stderr, /COUNTERSIGN_REFRESH_LEEWAY must be more than twice COUNTERSIGN_REFRESH_TIMEOUT/)
    assert.ok(!stderr.includes(secret) && !stderr.includes('short-master-key'))
  })

  test('reads a secret from a file', async (t) => {
    const folder = newFolder(t)
    writeFileSync(join(folder, 'key'), `${strongKey}\n`)
    const { COUNTERSIGN_MASTER_KEY: _, ...rest } = settings
    const server = spawnServer(t, 'start', {
      ...rest,
      COUNTERSIGN_DATA_DIR: join(folder, 'data'),
      COUNTERSIGN_MASTER_KEY_FILE: join(folder, 'key'),
    })
    await firstLine(server.output, (one) => one.msg === 'ready')
    const missing = await spawnServer(t, 'start', {
      ...rest,
      COUNTERSIGN_MASTER_KEY_FILE: join(folder, 'none'),
    }).ended()
    assert.deepEqual([missing.code, /COUNTERSIGN_MASTER_KEY_FILE cannot be read/.test(missing.stderr)], [2, true])
  })

  test('with another master key than the database was made with says so and exits 1', async (t) => {
    const dataDir = newFolder(t)
    const server = spawnServer(t, 'start', { ...settings, COUNTERSIGN_DATA_DIR: dataDir })
    await firstLine(server.output, (one) => one.msg === 'ready')
    server.child.kill('SIGTERM')
    await server.ended()
    const other = { COUNTERSIGN_MASTER_KEY: Buffer.alloc(32, 4).toString('base64url') }
    const { code, stderr } = await spawnServer(t, 'start', {
      ...settings,
      COUNTERSIGN_DATA_DIR: dataDir,
      ...other,
    }).ended()
    assert.equal(code, 1)
    assert.match(stderr, /sealed with another master key: start with that COUNTERSIGN_MASTER_KEY/)
  })

  test('warns of settings that it does not know', async (t) => {
    const server = spawnServer(t, 'start', { ...settings, COUNTERSIGN_DATA_DIR: newFolder(t), COUNTERSIGN_ISUER: 'x' })
    assert.ok(await firstLine(server.output, (one) => String(one.msg).startsWith('COUNTERSIGN_ISUER has no effect')))
  })
})

describe('what cannot be used', () => {
  test('a busy port: one sentence, exit 1, and no folder', async (t) => {
    const busy = createServer().listen(0, '127.0.0.1')
    t.after(() => busy.close())
    await new Promise((resolve) => busy.once('listening', resolve))
    const { port } = busy.address() as { port: number }
    const dataDir = join(newFolder(t), 'data')
    const { code, stderr, stdout } = await spawnServer(t, 'dev', {
      PORT: String(port),
      COUNTERSIGN_DATA_DIR: dataDir,
    }).ended()
    assert.equal(code, 1)
    assert.equal(
      stderr,
      `Port ${port} on 127.0.0.1 is used by another program. Stop that program, or set PORT to another number.\n`,
    )
    assert.equal(stdout, '')
    assert.ok(!existsSync(dataDir))
  })

  test('a busy port for metrics: its name in the sentence, exit 1', async (t) => {
    const busy = createServer().listen(0, '127.0.0.1')
    t.after(() => busy.close())
    await new Promise((resolve) => busy.once('listening', resolve))
    const { port } = busy.address() as { port: number }
    const dataDir = join(newFolder(t), 'data')
    const env = { PORT: '0', COUNTERSIGN_METRICS_PORT: String(port), COUNTERSIGN_DATA_DIR: dataDir }
    const { code, stderr } = await spawnServer(t, 'dev', env).ended()
    assert.deepEqual([code, existsSync(dataDir)], [1, false])
    assert.match(stderr, new RegExp(`^Port ${port} .*, or set COUNTERSIGN_METRICS_PORT to another number\\.\n$`))
  })

  test('one port for the world and for metrics: refused', async (t) => {
    const { code, stderr } = await spawnServer(t, 'dev', { PORT: '4321', COUNTERSIGN_METRICS_PORT: '4321' }).ended()
    assert.deepEqual([code, /COUNTERSIGN_METRICS_PORT must be another port than PORT/.test(stderr)], [2, true])
  })

  test('a folder that cannot be made: one sentence, exit 1', async (t) => {
    const folder = newFolder(t)
    writeFileSync(join(folder, 'file'), '')
    const { code, stderr } = await spawnServer(t, 'dev', {
      PORT: '0',
      COUNTERSIGN_DATA_DIR: join(folder, 'file', 'data'),
    }).ended()
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^The data folder .* cannot be written: .*\. Set COUNTERSIGN_DATA_DIR to a folder that can\.\n$/,
    )
  })

  test('a database in a folder that is not there: one sentence, exit 1', async (t) => {
    const folder = newFolder(t)
    const url = `sqlite:${join(folder, 'none', 'x.db')}`
    const { code, stderr } = await spawnServer(t, 'dev', {
      PORT: '0',
      COUNTERSIGN_DATA_DIR: join(folder, 'data'),
      COUNTERSIGN_DATABASE_URL: url,
    }).ended()
    assert.equal(code, 1)
    assert.match(stderr, /^The database .* cannot be opened: .*\. Set COUNTERSIGN_DATABASE_URL to a file that can\.\n$/)
  })

  test('a database of a newer version: one sentence, exit 1, and everything is as it was', async (t) => {
    const folder = newFolder(t)
    const path = join(folder, 'later.db')
    const database = new DatabaseSync(path)
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE later (id TEXT)')
    database.exec('PRAGMA application_id = 1131636590; PRAGMA user_version = 999')
    database.close()
    const before = readFileSync(path)
    const env = { PORT: '0', COUNTERSIGN_DATA_DIR: join(folder, 'data'), COUNTERSIGN_DATABASE_URL: `sqlite:${path}` }
    const { code, stderr } = await spawnServer(t, 'dev', env).ended()
    assert.equal(code, 1)
    assert.match(stderr, /was written by a newer version of Countersign .* Start that version, or restore a backup/)
    assert.deepEqual(readFileSync(path), before)
    assert.deepEqual(readdirSync(folder), ['later.db'])
  })

  test('a database whose master key is gone: one sentence, exit 1, and no other key is made', async (t) => {
    const dataDir = newFolder(t)
    const first = await startDev(t, { COUNTERSIGN_DATA_DIR: dataDir })
    first.child.kill('SIGTERM')
    await first.ended()
    rmSync(join(dataDir, 'master-key'))
    const { code, stderr } = await spawnServer(t, 'dev', { PORT: '0', COUNTERSIGN_DATA_DIR: dataDir }).ended()
    assert.equal(code, 1)
    assert.match(stderr, /its master key .* is not\. Put the key back, or set COUNTERSIGN_MASTER_KEY\./)
    assert.ok(!existsSync(join(dataDir, 'master-key')))
  })

  test('a master key that is none: one sentence, exit 1', async (t) => {
    const dataDir = newFolder(t)
    writeFileSync(join(dataDir, 'master-key'), '')
    const { code, stderr } = await spawnServer(t, 'dev', { PORT: '0', COUNTERSIGN_DATA_DIR: dataDir }).ended()
    assert.deepEqual([code, /holds no master key/.test(stderr)], [1, true])
    assert.ok(!existsSync(join(dataDir, 'countersign.db')))
  })

  test('a wrong command: its usage, exit 2', async (t) => {
    const { code, stderr } = await spawnServer(t, 'stop', {}).ended()
    assert.deepEqual([code, stderr], [2, 'Usage: main.ts dev | start\n'])
  })
})

/** Waits for a log line on stdout. */
async function firstLine(
  output: { stdout: string; stderr: string },
  wanted: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (let wait = 0; wait < 500; wait++) {
    const lines = output.stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
    const found = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(wanted)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`no such line in: ${output.stdout}${output.stderr}`)
}
