/**
 * A lock across tabs that only saves requests. It is waited for two seconds and then done without, as it is where there are no Web
 * Locks: a tab that holds it may be frozen. It is never stolen.
 */
import type { Settings } from './options.ts'

const longestWait = 2000

/** Runs an act, alone among the tabs if that can be had soon. */
export type Lock = (act: () => Promise<void>) => Promise<void>

/** Makes the lock of a client. */
export function createLock({ sharedAs, environment }: Settings): Lock {
  const { locks } = environment
  if (locks === undefined || sharedAs === undefined) return (act) => act()

  return (act) =>
    new Promise((resolve) => {
      const waiting = new AbortController()
      let running: Promise<void> | undefined
      const start = (): Promise<void> => {
        if (running === undefined) {
          environment.clearTimeout(timer)
          running = act()
          resolve(running)
          return running
        }
        // Granted after all, when the act is under way without it: given back at once.
        return Promise.resolve()
      }
      const timer = environment.setTimeout(() => {
        waiting.abort()
        void start()
      }, longestWait)
      // Held until the act has ended, whose failure is passed on by `resolve`. Refused: time is up, or the page may have no locks.
      const refused = () => void start()
      try {
        locks.request(sharedAs, { signal: waiting.signal }, start).catch(refused)
      } catch {
        refused()
      }
    })
}
