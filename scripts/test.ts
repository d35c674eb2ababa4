// `npm test [-- path …] [--node-option=value …]`: runs every test file, or those whose path holds one of the words.
// Owns which files run and what makes a run fail besides a failed test; the tests themselves are node:test's.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, constants, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { type Ending, installIfNeeded } from './install.mjs'
import { endMarked, mark, waitForMarked } from './marked-processes.ts'
import { collectTests, findUncollectedTests, listFiles } from './repository-files.ts'
import { onStop } from './run-command.ts'
import { judgeRecord } from './test-verdict.ts'

const root = join(import.meta.dirname, '..')
const run = randomUUID()
const requireAll = process.env.COUNTERSIGN_TEST_REQUIRE === 'all'
const longestTest = 10 * 60_000
const millisecondsToStop = 5000

let current: ChildProcess | undefined
let stopping = false
onStop(stopWhole)
process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith('-')).map((word) => relative(root, resolve(root, word)))
  const options = args.filter((arg) => arg.startsWith('-'))
  const all = listFiles(root)
  const uncollected = findUncollectedTests(all)
  if (uncollected.length > 0)
    return refuse(`No run collects these test files; rename or move them:\n  ${uncollected.join('\n  ')}`)
  const files = collectTests(all).filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  if (files.length === 0)
    return refuse(`No test file${words.length > 0 ? ` has ${words.join(' or ')} in its path` : ''}.`)
  for (const folder of foldersWithPackages(files, all)) {
    const failed = await installIfNeeded(join(root, folder), { run: runNpm, say: (line) => console.error(line) })
    if (failed) return refuse(`npm install failed in ${folder}.`)
  }
  return runFiles(files, options)
}

async function runFiles(files: string[], options: string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const record = join(folder, 'record')
  const code = await runNodeTest([...options, ...files], record)
  const leftBehind = await waitForMarked(run, 2000)
  await endMarked(run)
  if (stopping) return code

  const text = existsSync(record) ? readFileSync(record, 'utf8') : ''
  const problems = judgeRecord(text, { leftBehind, requireAll, filtered: options.length > 0 }, (line) =>
    console.log(line),
  )
  for (const problem of problems) console.error(`✖ ${problem}`)
  return code === 0 && problems.length > 0 ? 1 : code
}

async function runNodeTest(args: string[], record: string): Promise<number> {
  // A `node --test` inside a test would take itself for a test file.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  current = spawn(
    process.execPath,
    [
      '--conditions=@countersign/source',
      '--test',
      // One more than there are cores: many tests wait for time-outs, or for a part that they have stopped.
      `--test-concurrency=${Math.min(availableParallelism() + 1, 8)}`,
      `--test-timeout=${longestTest}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./scripts/test-record.ts',
      `--test-reporter-destination=${record}`,
      ...args,
    ],
    // A process group of its own, so that all of it can be ended at once.
    { cwd: root, env: mark(environment, run), stdio: ['ignore', 'inherit', 'inherit'], detached: true },
  )
  return await ended(current)
}

async function stopWhole(signal: NodeJS.Signals): Promise<void> {
  stopping = true
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), millisecondsToStop)
  if (current !== undefined) await ended(current)
  await endMarked(run)
  process.exit(128 + constants.signals[signal])
}

function signalGroup(signal: NodeJS.Signals): void {
  try {
    if (current?.pid !== undefined) process.kill(-current.pid, signal)
  } catch {
    // The group has ended.
  }
}

function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? 1)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

function runNpm(command: string, args: string[], options: SpawnOptions): Promise<Ending> {
  const child = spawn(command, args, { ...options, detached: true })
  current = child
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** Lists the folders with packages of their own that `files` run: a test in test/examples may run any of the examples. */
function foldersWithPackages(files: string[], all: string[]): string[] {
  const anyExample = files.some((path) => path.startsWith('test/examples/'))
  const folders = all.flatMap((path) => path.match(/^(?:examples|test)\/[^/]+(?=\/package-lock\.json$)/) ?? [])
  return folders.filter(
    (folder) => (anyExample && folder.startsWith('examples/')) || files.some((path) => path.startsWith(`${folder}/`)),
  )
}

function refuse(message: string): number {
  console.error(message)
  return 1
}
