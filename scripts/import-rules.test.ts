// Proves that biome.json refuses what the architecture forbids, and nothing beside it: a wrong file for each rule, a right one
// next to it, in a copy of the layout.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { after, describe } from 'node:test'

const root = join(import.meta.dirname, '..')
const layout = mkdtempSync(join(tmpdir(), 'countersign import rules '))
after(() => rmSync(layout, { recursive: true, force: true }))

const server = 'packages/server/src'
const noDependencies = '@countersign/token has no dependencies.'
const byName = 'Import another package by its name'
const upward = 'nothing above itself'
const cryptography = 'do cryptography'

/** Each: the file, what it imports, and words of the refusal; none when it is right. */
const refused: [path: string, imported: string, words: string][] = [
  ['packages/token/src/a.ts', 'zod', noDependencies],
  ['packages/token/src/a.ts', 'fast-check', noDependencies],
  ['packages/token/src/a.ts', '@countersign/resource-server', noDependencies],
  ['packages/token/src/jwk/a.ts', '../../../server/src/options.ts', byName],
  ['packages/token/src/a.test.ts', 'zod', 'node: modules and fast-check'],
  ['packages/token/src/a.ts', 'jose', noDependencies],
  ['packages/token/src/a.test.ts', 'jose', 'node: modules and fast-check'],
  ['packages/token/src/jwe/a.ts', 'fast-check', 'jose and nothing else'],
  ['packages/token/src/jwe/a.test.ts', 'jose', 'node: modules and fast-check'],
  ['packages/token/src/web/a.ts', 'node:crypto', 'where there is no Node'],
  ['packages/token/src/web/a.ts', 'jose', 'where there is no Node'],
  ['packages/token/src/web/a.test.ts', 'jose', 'node: modules and fast-check'],
  ['packages/token/src/test/differential/a.test.ts', 'zod', 'fast-check and jose'],
  ['packages/resource-server/src/a.ts', '@countersign/server', '@countersign/token only'],
  ['packages/resource-server/src/express/a.ts', '@countersign/client', '@countersign/token only'],
  ['packages/resource-server/src/a.ts', '../../token/src/index.ts', byName],
  ['packages/client/src/a.ts', '@countersign/token', 'imports nothing'],
  ['packages/client/src/a.ts', 'node:crypto', 'imports nothing'],
  ['packages/client/src/a.ts', 'react', 'imports nothing'],
  ['packages/client/src/axios/a.ts', 'axios', 'imports nothing'],
  ['packages/client/src/react/a.ts', 'react-dom', 'react and nothing else'],
  ['packages/client/src/node/a.ts', 'react', 'node: modules and nothing else'],
  ['packages/cli/src/a.ts', '@countersign/client', 'The command line imports'],
  ['apps/inspector/src/a.ts', '@countersign/server', 'The inspector imports'],
  [`${server}/a.ts`, '@countersign/cli', upward],
  [`${server}/a.test.ts`, '@countersign/client', upward],
  [`${server}/a.ts`, '@countersign/server', upward],
  [`${server}/store/a.ts`, '@countersign/cli/start', upward],
  [`${server}/endpoints/a.ts`, '@countersign/cli', upward],
  [`${server}/grants/a.ts`, '../../../token/src/sign.ts', byName],
  [`${server}/a.ts`, '../../token/dist/index.js', byName],
  ['scripts/a.ts', '../packages/server/src/main.ts', byName],
  ['test/flows/a.test.ts', '../../packages/token/src/sign.ts', byName],
  ['examples/express/a.ts', '../../packages/server/src/index.ts', byName],
  [`${server}/oauth/a.ts`, '../options.ts', 'imports nothing of the server'],
  [`${server}/oauth/a.ts`, '../store/store.ts', 'imports nothing of the server'],
  [`${server}/store/a.ts`, '../grants/refresh.ts', 'store/ is below'],
  [`${server}/store/a.ts`, '../endpoints/refresh.ts', 'store/ is below'],
  [`${server}/store/sqlite/a.ts`, '../../http/problem.ts', 'store/ is below'],
  [`${server}/store/postgres/a.ts`, '../../pages/account.ts', 'store/ is below'],
  [`${server}/grants/a.ts`, '../http/problem.ts', 'grants/ knows no HTTP'],
  [`${server}/grants/a.ts`, '../endpoints/refresh.ts', 'grants/ knows no HTTP'],
  [`${server}/endpoints/a.ts`, './refresh.ts', 'An endpoint imports no other endpoint'],
  [`${server}/endpoints/a.ts`, '../endpoints/refresh.ts', 'An endpoint imports no other endpoint'],
  [`${server}/a.ts`, 'node:crypto', cryptography],
  [`${server}/oauth/a.ts`, 'node:crypto', cryptography],
  [`${server}/store/a.ts`, 'node:crypto', cryptography],
  [`${server}/grants/a.ts`, 'node:crypto', cryptography],
  [`${server}/endpoints/a.ts`, 'node:crypto', cryptography],
]

const allowed: [path: string, imported: string][] = [
  ['packages/token/src/a.ts', 'node:crypto'],
  ['packages/token/src/jwk/a.ts', '../token-error.ts'],
  ['packages/token/src/a.test.ts', 'fast-check'],
  ['packages/token/src/jwe/a.ts', 'jose/jwe/compact/decrypt'],
  ['packages/token/src/web/a.ts', '../token-error.ts'],
  ['packages/token/src/web/a.test.ts', 'node:util'],
  ['packages/token/src/test/differential/a.test.ts', 'jose'],
  ['packages/resource-server/src/a.ts', '@countersign/token'],
  ['packages/resource-server/src/express/a.ts', 'express'],
  ['packages/client/src/a.ts', './refresh.ts'],
  ['packages/client/src/react/a.ts', 'react'],
  ['packages/client/src/node/a.ts', 'node:fs/promises'],
  ['packages/cli/src/a.ts', '@countersign/server'],
  ['apps/inspector/src/a.ts', '@countersign/token'],
  [`${server}/server.ts`, './endpoints/refresh.ts'],
  [`${server}/a.ts`, '@countersign/resource-server'],
  [`${server}/a.test.ts`, 'node:crypto'],
  [`${server}/oauth/a.ts`, './scope.ts'],
  [`${server}/store/sqlite/a.ts`, '../../sessions/rotation.ts'],
  [`${server}/store/a.ts`, 'node:sqlite'],
  [`${server}/grants/a.ts`, '../store/store.ts'],
  [`${server}/endpoints/a.ts`, '../grants/refresh.ts'],
  [`${server}/endpoints/a.ts`, './shapes.ts'],
  [`${server}/endpoints/a.ts`, '../http/problem.ts'],
  [`${server}/endpoints/a.test.ts`, './a.ts'],
  ['test/flows/a.test.ts', '@countersign/server'],
  [`${server}/store/a.contract.ts`, 'node:crypto'],
  ['packages/token/src/test/a.ts', 'fast-check'],
]

const cases = [...refused, ...allowed.map(([path, imported]) => [path, imported, undefined] as const)].map(
  ([path, imported, words], index) => ({
    path,
    imported,
    words,
    // One file for each case, in a place that the same rules reach.
    file: path.replace(/\/[^/.]+(?=[^/]*$)/, `/case-${index}`),
  }),
)
const long = `${server}/long.ts`
const notLong = `${server}/not-long.ts`
const longTest = `${server}/long.test.ts`
const sound = `${server}/random.ts`
const cryptographers = [`${server}/tokens/seal.ts`, `${server}/sessions/refresh-token.ts`]

const complaints = lint([
  ...cases.map(({ file, imported }) => ({ file, code: `export { x } from '${imported}'\n` })),
  ...cryptographers.map((file) => ({
    file,
    code: "export { x } from 'node:crypto'\nexport { y } from '@countersign/cli'\n",
  })),
  { file: long, code: 'export const a = 1\n'.repeat(301) },
  { file: notLong, code: 'export const a = 1\n'.repeat(300) },
  { file: longTest, code: 'export const a = 1\n'.repeat(301) },
  {
    file: sound,
    code: "import { randomBytes, timingSafeEqual } from 'node:crypto'\nexport const all = [randomBytes, timingSafeEqual]\n",
  },
])

describe('what biome.json lets a file import', () => {
  for (const { path, imported, words, file } of cases.filter(({ words }) => words !== undefined)) {
    test(`refuses ${imported} in ${path}`, () => {
      assert.ok(
        complaintsAbout(file).some((line) => line.includes(`${words}`)),
        `${words}: ${complaintsAbout(file).join()}`,
      )
    })
  }

  for (const { path, imported, file } of cases.filter(({ words }) => words === undefined)) {
    test(`allows ${imported} in ${path}`, () => {
      assert.deepEqual(complaintsAbout(file), [])
    })
  }

  test('lets two files of the server do cryptography, and import no more than the others', () => {
    for (const file of cryptographers) {
      assert.equal(complaintsAbout(file).length, 1)
      assert.match(complaintsAbout(file).join(), new RegExp(upward))
    }
  })

  test('allows the server random numbers and comparison in constant time', () => {
    assert.deepEqual(complaintsAbout(sound), [])
  })
})

test('refuses a source file of more than 300 lines that is no test', () => {
  assert.match(complaintsAbout(long, 'noExcessiveLinesPerFile').join(), /noExcessiveLinesPerFile/)
  assert.deepEqual(complaintsAbout(notLong, 'noExcessiveLinesPerFile'), [])
  assert.deepEqual(complaintsAbout(longTest, 'noExcessiveLinesPerFile'), [])
})

function complaintsAbout(file: string, rule = 'noRestrictedImports'): string[] {
  return complaints.filter((line) => line.includes(`lint/style/${rule},`) && line.includes(`${file},`))
}

function lint(files: { file: string; code: string }[]): string[] {
  for (const name of ['biome.json', '.gitignore']) copyFileSync(join(root, name), join(layout, name))
  for (const { file, code } of files) {
    mkdirSync(join(layout, dirname(file)), { recursive: true })
    writeFileSync(join(layout, file), code)
  }
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const args = [biome, 'lint', '--reporter=github', '--colors=off', '--max-diagnostics=none']
  const { stdout } = spawnSync(process.execPath, args, { cwd: layout, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  return stdout.split('\n').filter((line) => line.startsWith('::'))
}
