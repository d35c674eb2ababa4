/** SQLite databases for tests: a file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../store.ts'
import { openSqliteStore } from './sqlite-store.ts'

export function newLocation(onEnd: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  onEnd(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'test.db')
}

export function openAt(path: string, now?: () => number): Store {
  return openSqliteStore({ path, ...(now && { now }) })
}
