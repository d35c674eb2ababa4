// Starts a TypeScript file of this repository, from a fresh clone too: installs what is missing, picks a Node that can run it,
// and ends together with it. Runs on Node 20 with nothing installed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const wantedNode = 24
const sourceCondition = '@countersign/source'
/** @type {NodeJS.Signals[]} */
const passedOn = ['SIGTERM', 'SIGINT', 'SIGHUP']
const parent = process.ppid
const millisecondsToStop = 10_000

await main(process.argv.slice(2))

/** @param {string[]} words */
async function main(words) {
  const at = words.findIndex((word) => !word.startsWith('-'))
  const script = words[at]
  if (script === undefined) return fail('Usage: node scripts/launch.mjs [options of node] <script> [arguments]')
  const [options, args] = [words.slice(0, at), words.slice(at + 1)]
  try {
    const failed = await installIfNeeded(root, { run, say: (line) => console.error(line) })
    if (failed) end(failed.code === null ? failed : { code: 1, signal: null }, 'npm install failed.')
    else end(await start(options, script, args))
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

/** @param {string[]} options @param {string} script @param {string[]} args */
function start(options, script, args) {
  const node = findNode()
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), ...process.env }
  // The channel carries nothing: its end tells the child that this process is gone, however it went.
  return run(node, [`--conditions=${sourceCondition}`, ...options, script, ...args], {
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
}

/** @returns {string} */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= wantedNode) return process.execPath
  const brought = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(brought)) return brought
  return fail(
    `Countersign needs Node.js ${wantedNode} or newer; this is ${process.versions.node}, and npm could not bring another for ${process.platform}-${process.arch}: install Node.js ${wantedNode} from https://nodejs.org/ and start again.`,
  )
}

/** @type {import('./install.mjs').Run} */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    const listeners = passedOn.map((signal) => ({ signal, listener: () => child.kill(asPassedOn(signal)) }))
    const orphanWatch = watchParent(child)
    const settle = () => {
      clearInterval(orphanWatch)
      for (const { signal, listener } of listeners) process.off(signal, listener)
    }
    for (const { signal, listener } of listeners) process.on(signal, listener)
    child.once('error', (error) => {
      settle()
      reject(new Error(`Could not start ${command}: ${error.message}`))
    })
    child.once('exit', (code, signal) => {
      settle()
      resolve({ code, signal })
    })
  })
}

// Ctrl-C in a terminal reaches the child by itself, and a second SIGINT would force it; SIGTERM is the same wish said again.
/** @param {NodeJS.Signals} signal */
function asPassedOn(signal) {
  return signal === 'SIGINT' && process.stdin.isTTY ? 'SIGTERM' : signal
}

// npm that is killed with SIGKILL tells nobody; its child then gets another parent.
/** @param {import('node:child_process').ChildProcess} child */
function watchParent(child) {
  if (process.env.npm_lifecycle_event === undefined) return
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), millisecondsToStop).unref()
  }, 1000)
  return watch.unref()
}

/** @param {import('./install.mjs').Ending} ending @param {string} [message] */
function end({ code, signal }, message) {
  if (signal !== null && passedOn.includes(signal)) {
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(128 + constants.signals[signal]), 500)
    return
  }
  if (message !== undefined) console.error(message)
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}
