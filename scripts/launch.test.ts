import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import test, { after, afterEach, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning } from './marked-processes.ts'

const started: ChildProcess[] = []
const folders: string[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const folder of folders) {
    const file = join(folder, 'pid')
    if (!existsSync(file)) continue
    if (isRunning(pidOf(folder))) process.kill(pidOf(folder), 'SIGKILL')
    rmSync(file)
  }
})
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

// Writes its process id, says when it is ready, and stays until it is told to go.
const listener = `
  import { writeFileSync } from 'node:fs'
  const stay = setInterval(() => {}, 1000)
  const end = (why: string): void => { writeFileSync('ended', why); clearInterval(stay) }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => end(signal))
  process.on('disconnect', () => end('disconnect'))
  process.channel?.unref()
  writeFileSync('pid', String(process.pid))
  console.log('ready')
`

describe('the launcher', () => {
  test('passes arguments, the source condition and NODE_OPTIONS to the script, and its exit code back', async () => {
    const folder = fixture({
      'script.ts': `
        console.log(JSON.stringify([process.argv.slice(2), process.execArgv, process.env.NODE_OPTIONS]))
        process.exitCode = 7 as number`,
    })
    const { code, stdout } = await finish(
      launch(folder, ['script.ts', 'a b', '--c'], { NODE_OPTIONS: '--no-deprecation' }),
    )
    assert.equal(code, 7)
    assert.deepEqual(JSON.parse(stdout), [['a b', '--c'], ['--conditions=@countersign/source'], '--no-deprecation'])
  })

  test('passes options that come before the script to node', async () => {
    const folder = fixture({ 'script.ts': 'console.log(JSON.stringify([process.argv.slice(2), process.execArgv]))' })
    const { stdout } = await finish(launch(folder, ['--no-deprecation', '--max-semi-space-size=4', 'script.ts', '--c']))
    const options = ['--conditions=@countersign/source', '--no-deprecation', '--max-semi-space-size=4']
    assert.deepEqual(JSON.parse(stdout), [['--c'], options])
  })

  test('ends by the signal that ended the script', async () => {
    const folder = fixture({ 'script.ts': "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)" })
    assert.equal((await finish(launch(folder, ['script.ts']))).signal, 'SIGTERM')
  })

  test('answers with 128 and the number of a signal that is not its own to repeat', async () => {
    const folder = fixture({ 'script.ts': "process.kill(process.pid, 'SIGKILL')" })
    assert.equal((await finish(launch(folder, ['script.ts']))).code, 137)
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`passes ${signal} on and waits for the script to end`, async () => {
      const folder = fixture({ 'script.ts': listener })
      const launcher = await ready(launch(folder, ['script.ts']))
      launcher.kill(signal)
      assert.equal((await finish(launcher)).code, 0)
      assert.equal(readFileSync(join(folder, 'ended'), 'utf8'), signal)
      assert.ok(!isRunning(pidOf(folder)))
    })
  }

  test('leaves no script behind when it is killed', async () => {
    const folder = fixture({ 'script.ts': listener })
    const launcher = await ready(launch(folder, ['script.ts']))
    launcher.kill('SIGKILL')
    await gone(pidOf(folder))
    assert.equal(readFileSync(join(folder, 'ended'), 'utf8'), 'disconnect')
  })

  test('stops the script when the npm that started it is killed', async () => {
    const folder = fixture({ 'script.ts': listener })
    const npm = await ready(start('npm', ['start'], folder))
    npm.kill('SIGKILL')
    await gone(pidOf(folder))
    assert.equal(readFileSync(join(folder, 'ended'), 'utf8'), 'SIGTERM')
  })

  test('stops the script before npm ends when npm is told to stop', async () => {
    const folder = fixture({ 'script.ts': listener })
    const npm = await ready(start('npm', ['start'], folder))
    npm.kill('SIGTERM')
    await finish(npm)
    assert.ok(!isRunning(pidOf(folder)), 'npm ended before the script did.')
  })
})

describe('the launcher installs', () => {
  test('what is missing, says so once, and not again', async () => {
    const folder = fixture({ 'script.ts': '' })
    assert.match(
      (await finish(launch(folder, ['script.ts']))).stderr,
      /^Installing the packages of .* not installed yet\.\n$/,
    )
    assert.equal((await finish(launch(folder, ['script.ts']))).stderr, '')
  })

  test('again after a package.json or package-lock.json has changed', async () => {
    const folder = fixture({ 'script.ts': '' })
    await finish(launch(folder, ['script.ts']))
    writeFileSync(join(folder, 'package.json'), `${readFileSync(join(folder, 'package.json'), 'utf8')}\n`)
    assert.match((await finish(launch(folder, ['script.ts']))).stderr, /package\.json has changed/)
  })

  test('once when two start at the same time', async () => {
    const folder = fixture({ 'script.ts': "console.log('ran')" })
    const both = await Promise.all([1, 2].map(() => finish(launch(folder, ['script.ts']))))
    assert.deepEqual(
      both.map(({ stdout }) => stdout),
      ['ran\n', 'ran\n'],
    )
    assert.equal(both.filter(({ stderr }) => stderr.includes('Installing')).length, 1)
  })

  test('although an earlier install was killed in the middle', async () => {
    const folder = fixture({ 'script.ts': "console.log('ran')", 'node_modules/.countersign-installing': '4194305' })
    assert.equal((await finish(launch(folder, ['script.ts']))).stdout, 'ran\n')
  })

  test('nothing that package-lock.json does not name: it refuses to start and names the file', async () => {
    const folder = fixture({
      'script.ts': "console.log('ran')",
      'packages/a/package.json': '{"name":"a","version":"1.0.0"}',
    })
    const { code, stdout, stderr } = await finish(launch(folder, ['script.ts']))
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /npm install changed .*package-lock\.json/)
    assert.match(readFileSync(join(folder, 'package-lock.json'), 'utf8'), /packages\/a/)
  })

  test('and shows what npm says when it fails', async () => {
    const folder = fixture({ 'script.ts': '', '.npmrc': 'offline=true\ncache=./cache\n' })
    writeManifest(folder, { dependencies: { 'not-in-any-cache': '1.0.0' } })
    const { code, stderr } = await finish(launch(folder, ['script.ts']))
    assert.equal(code, 1)
    assert.match(stderr, /ENOTCACHED/)
    assert.match(stderr, /npm install failed\./)
  })
})

describe('on a Node older than 24 the launcher', () => {
  // The tests themselves need Node 24, so an old one has to be acted.
  const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })`

  test('takes the one that npm brought', async () => {
    const folder = fixture({ 'script.ts': '' })
    await finish(launch(folder, ['script.ts']))
    mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/node/bin/node'), '#!/bin/sh\necho brought "$@"\n', { mode: 0o755 })
    const { stdout } = await finish(
      start(process.execPath, ['--import', old, 'scripts/launch.mjs', 'script.ts'], folder),
    )
    assert.equal(stdout, 'brought --conditions=@countersign/source script.ts\n')
  })

  test('says in one sentence what to install when npm brought none', async () => {
    const folder = fixture({ 'script.ts': '' })
    await finish(launch(folder, ['script.ts']))
    const { code, stderr } = await finish(
      start(process.execPath, ['--import', old, 'scripts/launch.mjs', 'script.ts'], folder),
    )
    assert.equal(code, 1)
    assert.match(stderr, /^Countersign needs Node\.js 24 or newer; this is 20\.1\.0.* install Node\.js 24 from .*\n$/)
  })
})

function fixture(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign launch '))
  folders.push(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  mkdirSync(join(folder, 'scripts'))
  for (const name of ['launch.mjs', 'install.mjs'])
    copyFileSync(join(import.meta.dirname, name), join(folder, 'scripts', name))
  writeManifest(folder, {})
  const lock = {
    name: 'fixture',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'fixture', workspaces: ['packages/*'] } },
  }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  return folder
}

function writeManifest(folder: string, more: object): void {
  const scripts = { start: 'exec node scripts/launch.mjs script.ts' }
  const manifest = { name: 'fixture', private: true, type: 'module', workspaces: ['packages/*'], scripts, ...more }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
}

function launch(folder: string, args: string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return start(process.execPath, [join(folder, 'scripts', 'launch.mjs'), ...args], folder, environment)
}

function start(command: string, args: string[], cwd: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(name),
  )
  // The `node` of a package script is found on the PATH.
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  const env = { ...Object.fromEntries(inherited), PATH, ...environment }
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  return child
}

async function ready(child: ChildProcess): Promise<ChildProcess> {
  let stderr = ''
  child.stderr?.on('data', (text) => {
    stderr += text
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text) => String(text).includes('ready') && resolve())
    child.once('exit', () => reject(new Error(`It ended before it was ready: ${stderr}`)))
  })
  return child
}

async function finish(child: ChildProcess) {
  const [stdout, stderr] = [read(child.stdout), read(child.stderr)]
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { code: child.exitCode, signal: child.signalCode, stdout: await stdout, stderr: await stderr }
}

async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  if (stream?.readable) for await (const part of stream) text += part
  return text
}

function pidOf(folder: string): number {
  return Number(readFileSync(join(folder, 'pid'), 'utf8'))
}

async function gone(pid: number): Promise<void> {
  for (let waited = 0; isRunning(pid); waited += 50) {
    assert.ok(waited < 10_000, 'The script outlived its launcher.')
    await sleep(50)
  }
}
