// Time that a test moves: the clock of a server, and the clocks and timers of clients.
import { setImmediate as turn } from 'node:timers/promises'
import type { Environment } from '@countersign/client'

interface Timer {
  readonly at: number
  readonly act: () => void
}

export class FakeTime {
  #now = 1_800_000_000_500
  /** How wrong the clock of the clients is. */
  skew = 0
  monotonic = 1000
  readonly #timers = new Set<Timer>()

  /** What time it is, in whole epoch milliseconds; the server's clock is right. */
  get now(): number {
    return Math.floor(this.#now)
  }

  set now(now: number) {
    this.#now = now
  }

  /** The clocks and timers, for `createClient`. */
  readonly environment: Pick<Environment, 'now' | 'monotonicNow' | 'setTimeout' | 'clearTimeout'> = {
    now: () => this.now + this.skew,
    monotonicNow: () => this.monotonic,
    setTimeout: (act, milliseconds) => {
      // As browsers have it, or a timer for next to nothing would never come to its time.
      const timer = { at: this.monotonic + Math.max(1, Math.ceil(milliseconds)), act }
      this.#timers.add(timer)
      return timer
    },
    clearTimeout: (timer) => void this.#timers.delete(timer as Timer),
  }

  /** When the next timer is due, in milliseconds from now; none without a timer. */
  get nextTimer(): number | undefined {
    const next = this.#next()
    return next && next.at - this.monotonic
  }

  /** Waits for what is on its way; time does not pass meanwhile. */
  quiet: () => Promise<void> = settle

  /** Lets time pass, and runs each timer when it is due. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.monotonic + milliseconds
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#move(next.at - this.monotonic)
      this.#timers.delete(next)
      next.act()
      await this.quiet()
    }
    this.#move(end - this.monotonic)
    await this.quiet()
  }

  /** A machine that sleeps: the monotonic clock stands still and no timer runs. */
  sleep(milliseconds: number): void {
    this.now += milliseconds
  }

  #next(): Timer | undefined {
    return [...this.#timers].reduce<Timer | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined)
  }

  #move(milliseconds: number): void {
    this.monotonic += milliseconds
    this.#now += milliseconds
  }
}

/** Lets what is ready to run do so. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 5; count++) await turn()
}

/** Waits, in real time, until something is so. */
export async function until(isSo: () => boolean, what = String(isSo)): Promise<void> {
  const latest = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > latest) throw new Error(`waited in vain until ${what}`)
    await turn()
  }
}
