import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { copyApiPage } from './build.ts'

test('copies what the API page loads, with its licence', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign build '))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  copyApiPage(join(import.meta.dirname, '..', 'node_modules', 'swagger-ui-dist'), join(folder, 'pages', 'api'))
  const copied = readdirSync(join(folder, 'pages', 'api')).sort()
  assert.deepEqual(copied, ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js', 'swagger-ui.css'])
})
