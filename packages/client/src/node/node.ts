/** A storage for the refresh token of command-line programs and daemons on Node. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { RefreshTokenStorage } from '../refresh-token-record.ts'

/**
 * Keeps the refresh token in a file that only its owner may read. It is replaced whole, so a crash leaves the old or the new one.
 * @example
 * const auth = createClient({ issuer, storage: storeInFile(join(homedir(), '.config/my-program/session')) })
 */
export function storeInFile(path: string): RefreshTokenStorage {
  return {
    async read() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async write(record) {
      const temporary = `${path}.${process.pid}`
      await writeFile(temporary, record, { mode: 0o600 })
      await rename(temporary, path)
    },
    remove: () => rm(path, { force: true }),
  }
}
