import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { after } from 'node:test'
import * as houseRules from './house-rules.ts'
import { collectTests, findUncollectedTests, listFiles } from './repository-files.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

// This file is itself among the files that the rules read.
const only = 'only'

test('refuses folders and files with a name that says nothing', () => {
  const names = ['utils', 'helpers', 'common', 'shared', 'misc', 'helper']
  for (const name of names) {
    assert.equal(breaches(houseRules.findEmptyNames, { [`packages/token/src/${name}/a.ts`]: '' }).length, 1, name)
    assert.equal(breaches(houseRules.findEmptyNames, { [`packages/token/src/${name}.ts`]: '' }).length, 1, name)
  }
  assert.deepEqual(breaches(houseRules.findEmptyNames, { 'packages/token/src/common-name.ts': '' }), [])
})

test('refuses a test that keeps the others from running', () => {
  const focused = [`test.${only}('a', () => {})`, `describe.${only}('a')`, `test('a', { ${only}: true })`]
  for (const code of focused)
    assert.equal(breaches(houseRules.findFocusedTests, { 'test/a.test.ts': code }).length, 1, code)
  assert.deepEqual(breaches(houseRules.findFocusedTests, { 'test/a.test.ts': `// ${focused[0]}\ntest('a')` }), [])
})

test('refuses a package source that reads the environment, however it is written', () => {
  const path = 'packages/server/src/options.ts'
  const reads = [
    'const port = process.env.PORT',
    'const port = process?.env["PORT"]',
    "const port = globalThis.process['env'].PORT",
    'const { env } = process',
    'const { argv, env: environment } = process',
    "import { env } from 'node:process'",
    "import { argv, env } from 'process'",
  ]
  for (const code of reads) assert.equal(breaches(houseRules.findEnvironmentReaders, { [path]: code }).length, 1, code)
})

test('lets main.ts, tests and comments name the environment', () => {
  const read = 'const port = process.env.PORT'
  const files = {
    'packages/server/src/main.ts': read,
    'packages/server/src/a.test.ts': read,
    'packages/server/src/a.ts': `/** @example\n * ${read} */\n// ${read}\nconst environment = 1`,
    'scripts/a.ts': read,
  }
  assert.deepEqual(breaches(houseRules.findEnvironmentReaders, files), [])
})

test('refuses a package that biome.json gives no import rules', () => {
  const files = {
    'biome.json': JSON.stringify({ overrides: [{ includes: ['packages/token/src/**'] }] }),
    'packages/token/src/a.ts': '',
    'packages/new/src/a.ts': '',
    'packages/new/src/b.ts': '',
  }
  assert.match(breaches(houseRules.findUndirectedPackages, files).join(), /^packages\/new: [^,]*$/)
})

test('refuses a package.json that package-lock.json does not agree with', () => {
  const lock = (dependencies: object) =>
    JSON.stringify({ packages: { '': { name: 'a' }, 'packages/b': { name: 'b', dependencies } } })
  const files = {
    'package.json': '{"name":"a"}',
    'packages/b/package.json': '{"name":"b","dependencies":{"y":"1.0.0","x":"1.0.0"}}',
  }
  const agrees = { ...files, 'package-lock.json': lock({ x: '1.0.0', y: '1.0.0' }) }
  const differs = { ...files, 'package-lock.json': lock({ x: '1.0.0', y: '1.0.1' }) }
  assert.deepEqual(breaches(houseRules.findLockDisagreements, agrees), [])
  assert.match(breaches(houseRules.findLockDisagreements, differs).join(), /^packages\/b\/package\.json/)
})

test('finds every test file that a run would pass over', () => {
  const root = layout({
    'packages/a/src/a.test.ts': '',
    'packages/a/src/b.test.js': '',
    'docs/c.test.ts': '',
    'test/d.spec.ts': '',
    'test/e.test.mts': '',
    'packages/a/node_modules/f.test.js': '',
    'packages/a/dist/g.test.js': '',
    'test/contest.ts': '',
  })
  const files = listFiles(root)
  assert.deepEqual(collectTests(files), ['packages/a/src/a.test.ts'])
  assert.deepEqual(findUncollectedTests(files), [
    'docs/c.test.ts',
    'packages/a/src/b.test.js',
    'test/d.spec.ts',
    'test/e.test.mts',
  ])
})

function breaches(rule: houseRules.HouseRule, files: Record<string, string>): string[] {
  const root = layout(files)
  return rule(root, listFiles(root))
}

function layout(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'countersign house rules '))
  folders.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
