/**
 * The one place where the refresh token of a session in bearer mode is kept. What is stored is the truth, since another tab or process may have
 * been there: it is read when a request is sent. Within a session the last answer is written, whatever is there: after a late re-issue
 * it is the only one that counts. What belongs to another session, or was removed, is left alone.
 */
import { createTurns } from './turns.ts'

/** Where a refresh token is kept in bearer mode: any place that outlives the page. */
export interface RefreshTokenStorage {
  /** Reads what was written; `undefined` or null when there is nothing. */
  read(): Promise<string | null | undefined> | string | null | undefined
  /** Keeps a text with the refresh token in it. It is a secret. */
  write(record: string): Promise<void> | void
  remove(): Promise<void> | void
  /** The name under which other tabs of the same origin share the record; without it nobody does. @default none */
  readonly sharedAs?: string
}

/** A storage that is asked one thing at a time, and compares before it changes. */
export interface RefreshTokenRecord {
  read(): Promise<string | undefined>
  /** Writes the token of a new login, whatever is there. */
  put(refreshToken: string, sid: string): Promise<void>
  /** Writes the successor of a token; `false` if another session's token, or none, is there by now. */
  replace(sent: string, successor: string, sid: string, isWanted: () => boolean): Promise<boolean>
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
    write: (record) => {
      kept = record
    },
    remove: () => {
      kept = undefined
    },
  }
}

/** Makes the record of a storage: the refresh token, and after a space the name of its session. */
export function createRecord(storage: RefreshTokenStorage): RefreshTokenRecord {
  const turns = createTurns()

  async function readBoth(): Promise<(string | undefined)[]> {
    return ((await storage.read()) || undefined)?.split(' ') ?? []
  }

  return {
    read: () => turns.take(async () => (await readBoth())[0]),
    put: (refreshToken, sid) => turns.take(() => storage.write(`${refreshToken} ${sid}`)),
    replace: (sent, successor, sid, isWanted) =>
      turns.take(async () => {
        const [stored, storedSid] = await readBoth()
        if (stored === undefined || storedSid !== sid || !isWanted()) return false
        if (successor === sent || successor === stored) return true
        try {
          await storage.write(`${successor} ${sid}`)
        } catch {
          // The server forgives the older token, as often as it takes.
        }
        return true
      }),
    forget: (refused, isWanted) =>
      turns.take(async () => {
        const [stored] = await readBoth()
        if (stored !== undefined && stored !== refused) return false
        if (isWanted()) await storage.remove()
        return true
      }),
    clear: () =>
      turns.take(async () => {
        const [stored] = await readBoth()
        await storage.remove()
        return stored
      }),
  }
}
