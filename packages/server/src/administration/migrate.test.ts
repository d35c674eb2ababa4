import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newFolder } from '../test/running-server.ts'
import { migrateInstallation } from './migrate.ts'

test('makes the folder of an embedded installation as its first start would, and the database in it', async (t) => {
  const dataDir = join(newFolder(t), 'new', 'data')
  assert.deepEqual(await migrateInstallation({ COUNTERSIGN_DATA_DIR: dataDir }), [])
  assert.equal(statSync(dataDir).mode & 0o777, 0o700)
  assert.equal(readFileSync(join(dataDir, '.gitignore'), 'utf8'), '*\n')
  assert.ok(existsSync(join(dataDir, 'countersign.db')))
})
