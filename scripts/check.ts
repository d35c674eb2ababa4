// `npm run check`: everything that can be said about the repository without running its tests. Runs all checks, whatever fails.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as houseRules from './house-rules.ts'
import { findUncollectedTests, listFiles } from './repository-files.ts'
import { runCommand, stopWithCommands } from './run-command.ts'

interface Check {
  title: string
  /** Returns what is wrong, or an empty string. */
  run: () => Promise<string> | string
}

const root = join(import.meta.dirname, '..')
const files = listFiles(root)
const lockBefore = readLock()

const checks: Check[] = [
  {
    title: 'lint and format (biome ci)',
    run: () =>
      tool('@biomejs/biome/bin/biome', ['ci', '--error-on-warnings', '--diagnostic-level=warn', '--colors=off']),
  },
  { title: 'types (tsc -b)', run: () => tool('typescript/bin/tsc', ['-b']) },
  { title: 'unused files, exports and dependencies (knip)', run: () => tool('knip/bin/knip.js', []) },
  { title: 'the import rules refuse what they should', run: () => node(['--test', 'scripts/import-rules.test.ts']) },
  { title: 'every package has import rules', run: rule(houseRules.findUndirectedPackages) },
  { title: 'no name that says nothing', run: rule(houseRules.findEmptyNames) },
  { title: 'only main.ts reads the environment', run: rule(houseRules.findEnvironmentReaders) },
  { title: 'no focused test', run: rule(houseRules.findFocusedTests) },
  { title: 'every test file is collected', run: () => findUncollectedTests(files).join('\n') },
  { title: 'package-lock.json says what package.json says', run: rule(houseRules.findLockDisagreements) },
  { title: 'package-lock.json is unchanged', run: () => (readLock() === lockBefore ? '' : 'A check changed it.') },
]

stopWithCommands()
process.exitCode = (await runChecks()) ? 0 : 1

async function runChecks(): Promise<boolean> {
  const failed: string[] = []
  for (const { title, run } of checks) {
    const started = performance.now()
    const wrong = await run()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${wrong === '' ? '✔' : '✖'} ${title} (${seconds} s)`)
    if (wrong !== '') {
      console.log(wrong.trimEnd().replaceAll(/^/gm, '    '))
      failed.push(title)
    }
  }
  if (failed.length > 0) console.error(`\nFailed: ${failed.join('; ')}.`)
  return failed.length === 0
}

function rule(find: houseRules.HouseRule): () => string {
  return () => find(root, files).join('\n')
}

function tool(program: string, args: string[]): Promise<string> {
  return node([join('node_modules', program), ...args])
}

async function node(args: string[]): Promise<string> {
  const { code, output } = await runCommand(process.execPath, args, { cwd: root })
  return code === 0 ? '' : output || `It ended with ${code} and said nothing.`
}

function readLock(): string {
  return readFileSync(join(root, 'package-lock.json'), 'utf8')
}
