/**
 * `@countersign/token/web` where it is for: nothing of Node is in it, and in a real browser the same portable tests pass as
 * on Node, and as many.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ALGORITHMS } from '@countersign/token'
import { build } from 'esbuild'
import { chromium, type Page } from 'playwright-core'
import { requires } from '../requires.ts'

const root = join(import.meta.dirname, '../..')
const suite = 'packages/token/src/test/portable'
const skip = requires('chromium')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

test('nothing of Node is in it: no module, no Buffer, no process', async () => {
  const web = await bundle({ contents: "export * from '@countersign/token/web'", resolveDir: root })
  const ofNode = /\bnode:|\bBuffer\b|\bprocess\b/g
  assert.deepEqual([web.external, web.code.match(ofNode)], [[], null])
  assert.ok(['web/web.ts', 'json-object.ts'].every((path) => web.inputs.includes(`packages/token/src/${path}`)))
  assert.ok(web.inputs.every((path) => path.startsWith('packages/token/src/') || path === '<stdin>'))
  // The same look finds it in the main entry.
  const main = await bundle({ contents: "export * from '@countersign/token'", resolveDir: root })
  assert.ok(main.external.includes('node:crypto'))
  assert.ok(main.code.match(ofNode)?.includes('Buffer'))
})

test('every portable test passes in Chromium, and none is left out', { skip, timeout: 300_000 }, async (t) => {
  const { fixtures, titles } = printFixtures()
  const page = await openPage(t, 'localhost', fixtures)
  const { algorithms, passed, failed } = await page.evaluate<Record<'algorithms' | 'passed' | 'failed', string[]>>(
    "fetch('/fixtures').then((answer) => answer.text()).then(portable.runPortableTests)",
  )
  const missing = ALGORITHMS.filter((alg) => !algorithms.includes(alg))
  t.diagnostic(`Chromium has ${missing.length === 0 ? 'every algorithm' : `no ${missing.join(', ')}`}.`)
  assert.ok(missing.every((alg) => alg.startsWith('ML-DSA')))
  assert.deepEqual(failed, [])
  assert.deepEqual(passed, titles)
})

test('a page that was loaded without TLS is told why there is no Web Crypto', { skip, timeout: 60_000 }, async (t) => {
  const page = await openPage(t, 'insecure.example', '')
  const refusal = "portable.web.importKey(new Uint8Array(32), { alg: 'HS256' }).catch(String)"
  assert.match(await page.evaluate<string>(refusal), /^TypeError: There is no Web Crypto here: .* https or localhost/)
  const decoded = await page.evaluate<unknown>("portable.web.decodeUnverified('e30.eyJhIjoxfQ.').claims")
  assert.deepEqual(decoded, { a: 1 })
})

interface Bundle {
  readonly code: string
  readonly inputs: readonly string[]
  /** Modules that are imported and not in the code. */
  readonly external: readonly string[]
}

async function bundle(stdin: { contents: string; resolveDir: string }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'portable',
    conditions: ['@countersign/source'],
    external: ['node:*'],
    absWorkingDir: root,
    metafile: true,
    write: false,
  })
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports)
  return {
    code: outputFiles[0]?.text ?? '',
    inputs: Object.keys(metafile.inputs),
    external: imports.filter((imported) => imported.external === true).map(({ path }) => path),
  }
}

function printFixtures(): { fixtures: string; titles: string[] } {
  const args = ['--conditions=@countersign/source', join(root, suite, 'print-fixtures.ts')]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 27 })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function openPage(t: TestContext, host: string, fixtures: string): Promise<Page> {
  const { code } = await bundle({ contents: `export * from './${suite}/page.ts'`, resolveDir: root })
  const server = createServer((request, response) => {
    const isFixtures = request.url === '/fixtures'
    response.setHeader('content-type', isFixtures ? 'text/plain' : 'text/html; charset=utf-8')
    response.end(isFixtures ? fixtures : `<!doctype html><title>Portable tests</title><script>${code}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const args = [...flags, '--host-resolver-rules=MAP insecure.example 127.0.0.1']
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`)
  return page
}
