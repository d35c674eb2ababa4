// What the documentation says of the program is true: its links, its settings, its paths, the block that dev prints.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startAuthorizationServer } from '../examples/running-program.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('every link between pages leads to a file that is there', () => {
  const pages = ['*.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md', 'bench/*.md'].flatMap(
    (pattern) => globSync(pattern, { cwd: root }),
  )
  assert.ok(pages.length > 10)
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`)
    }
  }
})

test('docs/settings.md has every setting that is read, and no other', () => {
  const names = (text: string) => [...new Set(text.match(/\b(COUNTERSIGN_[A-Z_]*[A-Z]|JWT_SECRET)\b/g))].sort()
  const source = read('packages/server/src/settings/environment.ts').replaceAll(/COUNTERSIGN_\(\?!TEST_\)/g, '')
  assert.deepEqual(names(read('docs/settings.md')), names(source))
})

test('README.md shows the lines that dev prints and the paths that the server has', async (t) => {
  const server = await startAuthorizationServer({})
  t.after(() => server.stop())
  const printed = server.output()
  const block = /```\n(Countersign is ready\.[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? ''
  const labels = (text: string) => [...text.matchAll(/^ {2}(\S[\w ]*?) {2,}\S/gm)].map(([, label]) => label)
  assert.deepEqual(labels(block), labels(printed))
  assert.ok(labels(block).length >= 5)

  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const named = [...read('README.md').matchAll(/`(?:GET|POST|DELETE) (\/api\/[\w/{}-]+)/g)].map(([, path = '']) => path)
  assert.ok(named.length >= 9)
  for (const path of named) assert.ok(path in paths, `${path} is in README.md and not in openapi.json`)
})

test('README.md protects an API with lines of an example that runs', () => {
  const block = /```ts\n(import .*resource-server\/express'[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? ''
  const lines = block.split('\n').filter((line) => line !== '')
  const example = read('examples/two-services/orders.ts').split('\n')
  assert.ok(lines.length >= 5)
  for (const line of lines) assert.ok(example.includes(line), line)
})

test('every command that the documentation shows is there, with its options', () => {
  const pages = globSync('docs/*.md', { cwd: root })
  const shown = pages.flatMap((page) => read(page).match(/\bcountersign [a-z-]+( [^`\n#;|)]*)?/g) ?? [])
  const helps = new Map<string, string>()
  let checked = 0
  for (const line of new Set(shown)) {
    const words = line.split(/\s+/).slice(1)
    const path = words.slice(0, /^(keys|users|clients|admin|config)$/.test(words[0] ?? '') ? 2 : 1)
    if (!/^[a-z-]+$/.test(path.join(''))) continue
    const name = path.join(' ')
    if (!helps.has(name)) helps.set(name, helpOf(path))
    const help = helps.get(name) ?? ''
    assert.match(help, new RegExp(`^Usage: countersign ${name}\\b`, 'm'), line)
    for (const option of line.match(/(?<= )--[a-z-]+/g) ?? []) {
      assert.match(help, new RegExp(`${option}\\b`), line)
      checked += 1
    }
  }
  assert.ok(helps.size >= 15 && checked >= 15, `${helps.size} commands, ${checked} options`)
})

function helpOf(path: readonly string[]): string {
  const main = join(root, 'packages/cli/src/main.ts')
  const words = ['--conditions=@countersign/source', main, ...path, '--help']
  return spawnSync(process.execPath, words, { encoding: 'utf8' }).stdout
}
