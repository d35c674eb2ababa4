// `npm run bench [-- tokens|resource-server|server …] [-- --quick] [-- --minutes=5]`: measures Countersign beside its peers. Owns what has to be
// there before a part of bench/ runs, and that nothing runs on after it; what is measured is in bench/README.md.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { type Ending, installIfNeeded } from './install.mjs'
import { endMarked, mark } from './marked-processes.ts'
import { onStop, runCommand } from './run-command.ts'

const root = join(import.meta.dirname, '..')
const parts = ['tokens', 'resource-server', 'server', 'feed', 'fleet', 'storm', 'capacity', 'soak']
/** How long the soak loads each of its two servers. */
const minutesFlag = /^--minutes=([1-9]\d{0,3})$/
/** How long a part may take, besides the minutes that the soak is told. */
const longestPart = 30 * 60_000
const millisecondsToStop = 5000

const run = randomUUID()
let current: ChildProcess | undefined
let stopping = false
onStop(stopWhole)
process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const chosen = args.filter((arg) => !arg.startsWith('-'))
  const unknown = args.filter((arg) => !parts.includes(arg) && arg !== '--quick' && !minutesFlag.test(arg))
  if (unknown.length > 0) {
    console.error(
      `No such part or option: ${unknown.join(', ')}. Usage: npm run bench [-- ${parts.join('|')}] [--quick] [--minutes=5]`,
    )
    return 2
  }
  if (!existsSync('/proc/self/schedstat'))
    return refuse('The bench reads CPU times from the /proc of Linux, which is not here.')
  const failed = await installIfNeeded(join(root, 'bench'), { run: start, say: (line) => console.error(line) })
  if (failed) return refuse('npm install failed in bench: without its peers there is nothing to compare with.')
  if (!(await succeeds(['scripts/build.ts']))) return refuse('The build failed: what is measured is what is published.')

  const flags = args.filter((arg) => arg.startsWith('-'))
  for (const part of parts.filter((part) => chosen.length === 0 || chosen.includes(part))) {
    if (!(await succeeds([`bench/${part}/run.ts`, ...flags]))) return refuse(`The bench of ${part} failed.`)
  }
  await runCommand(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'format', '--write', 'bench/results'], {
    cwd: root,
  })
  return 0
}

/** Runs a program of this repository, at most for as long as a part may take, and ends what it left. */
async function succeeds([program = '', ...args]: string[]): Promise<boolean> {
  const options: SpawnOptions = {
    cwd: root,
    env: mark(process.env, run),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  }
  const ended = start(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], options)
  const minutes = Number(args.map((arg) => minutesFlag.exec(arg)?.[1]).find(Boolean) ?? 0)
  const limit = setTimeout(() => current?.kill('SIGTERM'), longestPart + 2 * minutes * 60_000)
  const { code } = await ended
  clearTimeout(limit)
  await endMarked(run)
  return code === 0
}

function start(command: string, args: string[], options: SpawnOptions): Promise<Ending> {
  const child = spawn(command, args, options)
  current = child
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

async function stopWhole(signal: NodeJS.Signals): Promise<void> {
  stopping = true
  const child = current
  child?.kill('SIGTERM')
  setTimeout(() => child?.kill('SIGKILL'), millisecondsToStop).unref()
  await endMarked(run)
  process.exit(128 + constants.signals[signal])
}

function refuse(message: string): number {
  if (!stopping) console.error(message)
  return 1
}
