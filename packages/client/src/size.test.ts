import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const entry = join(import.meta.dirname, 'index.ts')

test('the client is at most 6 KB, minified and compressed, and has nothing of others in it', async (t) => {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, format: 'esm', platform: 'browser' },
    ...{ write: false, metafile: true },
  })
  const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
  t.diagnostic(`${size} bytes`)
  assert.ok(size > 1000 && size <= 6000, `${size} bytes`)
  assert.ok(Object.keys(metafile.inputs).every((path) => path.includes('packages/client/src/')))
})
