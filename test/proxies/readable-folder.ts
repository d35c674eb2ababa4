// Folders with files for programs that have no rights of their own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ReadableFolder {
  path: string
  remove(): void
}

/** Makes a folder that every user of the machine can read. */
export function makeReadableFolder(): ReadableFolder {
  const path = mkdtempSync(join(tmpdir(), 'countersign-readable-'))
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
