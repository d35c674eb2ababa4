/**
 * The one place where the refresh token of a session in bearer mode is kept. What is stored is the truth: it is read when a request is
 * sent, and changed only if it still is what the change was decided on, since another tab or process may have been there.
 */
import { createTurns } from './turns.ts'

/** Where a refresh token is kept in bearer mode: any place that outlives the page. */
export interface RefreshTokenStorage {
  /** Reads the refresh token; `undefined` or null when there is none. */
  read(): Promise<string | null | undefined> | string | null | undefined
  write(refreshToken: string): Promise<void> | void
  remove(): Promise<void> | void
  /** The name under which other tabs of the same origin share the record; without it nobody does. @default none */
  readonly sharedAs?: string
}

/** A storage that is asked one thing at a time, and compares before it changes. */
export interface RefreshTokenRecord {
  read(): Promise<string | undefined>
  /** Writes the token of a new login, whatever is there. */
  put(refreshToken: string): Promise<void>
  /** Writes the successor of a token; `false` if another is there by now. */
  replace(sent: string, successor: string, isWanted: () => boolean): Promise<boolean>
  /** Removes a token that was refused; `false` if another is there by now. */
  forget(refused: string, isWanted: () => boolean): Promise<boolean>
  /** Removes whatever is there, and returns it. */
  clear(): Promise<string | undefined>
}

/** Keeps the refresh token for as long as the page or process lives. */
export function storeInMemory(): RefreshTokenStorage {
  let kept: string | undefined
  return {
    read: () => kept,
    write: (refreshToken) => {
      kept = refreshToken
    },
    remove: () => {
      kept = undefined
    },
  }
}

/** Makes the record of a storage. */
export function createRecord(storage: RefreshTokenStorage): RefreshTokenRecord {
  const turns = createTurns()
  const read = async () => (await storage.read()) || undefined

  return {
    read: () => turns.take(read),
    put: (refreshToken) => turns.take(() => storage.write(refreshToken)),
    replace: (sent, successor, isWanted) =>
      turns.take(async () => {
        const stored = await read()
        if (stored === successor) return true
        if (stored !== sent || !isWanted()) return false
        try {
          await storage.write(successor)
        } catch {
          // The server forgives the older token, as often as it takes.
        }
        return true
      }),
    forget: (refused, isWanted) =>
      turns.take(async () => {
        const stored = await read()
        if (stored !== undefined && stored !== refused) return false
        if (isWanted()) await storage.remove()
        return true
      }),
    clear: () =>
      turns.take(async () => {
        const stored = await read()
        await storage.remove()
        return stored
      }),
  }
}
