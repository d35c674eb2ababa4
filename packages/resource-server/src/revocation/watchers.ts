/**
 * Owns the connections that outlive their request, such as WebSockets: each ends when its token expires or is revoked. They are found
 * by what an entry names, so that ten thousand of them cost an entry no more than one.
 */
import type { RevocationEntry } from '@countersign/token/revocations'
import type { Clock } from '../clock.ts'
import type { TokenMarks } from './revocation-set.ts'

interface Watcher {
  readonly marks: TokenMarks
  readonly end: () => void
}

/** A timer cannot wait longer, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1
/** No key has an empty name. */
const UNNAMED = 'k'

/** Watches over connections. */
export class Watchers {
  readonly #clock: Clock
  readonly #watchersOf = new Map<string, Set<Watcher>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Those whose tokens name no key, and may be signed with any. */
  get #unnamed(): Iterable<Watcher> {
    return this.#watchersOf.get(UNNAMED) ?? []
  }

  /** Ends a connection, once, when its token does; returns what stops the watching. `expiresAt` is in epoch seconds. */
  watch(marks: TokenMarks, expiresAt: number, onEnd: () => void): () => void {
    const names = namesOf(marks)
    const stop = (): void => {
      cancel()
      for (const name of names) {
        const watchers = this.#watchersOf.get(name)
        watchers?.delete(watcher)
        if (watchers?.size === 0) this.#watchersOf.delete(name)
      }
    }
    const end = (): void => {
      stop()
      onEnd()
    }
    const watcher: Watcher = { marks, end }
    for (const name of names) {
      const watchers = this.#watchersOf.get(name) ?? new Set()
      this.#watchersOf.set(name, watchers.add(watcher))
    }
    let cancel: () => void
    const wait = (rest: number): void => {
      const isLong = rest > LONGEST_TIMER
      cancel = this.#clock.schedule(() => (isLong ? wait(rest - LONGEST_TIMER) : end()), Math.min(rest, LONGEST_TIMER))
    }
    wait(Math.max(0, expiresAt - this.#clock.now()) * 1000)
    return stop
  }

  /** Ends the connections that an entry revokes. */
  hear([kind, value, notBefore]: RevocationEntry): void {
    const watchers = [...(this.#watchersOf.get(`${kind}${value}`) ?? []), ...(kind === 'k' ? this.#unnamed : [])]
    for (const { marks, end } of watchers) if (notBefore === 0 || (marks.iat ?? 0) < notBefore) end()
  }
}

function namesOf({ sid, jti, sub, clientId, kid = '' }: TokenMarks): readonly string[] {
  const named = Object.entries({ s: sid, j: jti, u: sub, c: clientId, k: kid })
  return ['g', ...named.flatMap(([kind, value]) => (value === undefined ? [] : [`${kind}${value}`]))]
}
