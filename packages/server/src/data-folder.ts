/** The folder of the embedded installation: its database and, in dev, its master key. Nobody else may read it. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type DatabaseLocation, describeDatabase } from './store/database-location.ts'

/** The folder cannot be used. The message says what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** Makes the folder, mode 700, with a .gitignore that keeps it out of every commit. @throws DataFolderError */
export function prepareDataFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const ignore = join(path, '.gitignore')
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n', { mode: 0o600 })
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${path} cannot be written: ${(error as Error).message}. Set COUNTERSIGN_DATA_DIR to a folder that can.`,
    )
  }
}

/**
 * Reads the master key of the folder, making it on the first start. It appears whole or not at all, and two processes that start at
 * once use the same one: it is written under another name, synced, and linked into place, which only one can do.
 * @throws DataFolderError when what is there is no master key
 */
export function readOrMakeMasterKey(folder: string): string {
  const path = masterKeyPath(folder)
  if (!existsSync(path)) makeMasterKey(folder, path)
  return readMasterKey(folder)
}

/** Reads the master key of the folder. @throws DataFolderError when what is there is no master key, or cannot be read */
export function readMasterKey(folder: string): string {
  const path = masterKeyPath(folder)
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[\w-]{43}$/.test(text)) {
    throw new DataFolderError(`${path} holds no master key. Put the right one back, or set COUNTERSIGN_MASTER_KEY.`)
  }
  return text
}

/** A new key would not open what a database holds already. @throws DataFolderError when its key is gone */
export function assertMasterKeyKept(folder: string, database: DatabaseLocation): void {
  const path = masterKeyPath(folder)
  // What is in PostgreSQL is seen when its keys are opened.
  const isEmpty = database.kind === 'postgres' || (statSync(database.path, { throwIfNoEntry: false })?.size ?? 0) === 0
  if (existsSync(path) || isEmpty) return
  throw new DataFolderError(
    `The database ${describeDatabase(database)} is there and its master key ${path} is not. Put the key back, or set COUNTERSIGN_MASTER_KEY.`,
  )
}

function masterKeyPath(folder: string): string {
  return join(folder, 'master-key')
}

function makeMasterKey(folder: string, path: string): void {
  const draft = join(folder, `master-key.${process.pid}`)
  rmSync(draft, { force: true })
  writeSynced(draft, randomBytes(32).toString('base64url'))
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
