/** A clock that moves when the test says so, and runs what is due on the way. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

export class ManualClock implements Clock {
  #elapsed = 0
  #wallOffset: number
  readonly #due = new Set<{ readonly at: number; readonly act: () => void }>()

  constructor(epochSeconds = 1_800_000_000) {
    this.#wallOffset = epochSeconds
  }

  now(): number {
    return this.#wallOffset + this.#elapsed / 1000
  }

  monotonic(): number {
    return this.#elapsed
  }

  schedule(act: () => void, milliseconds: number): () => void {
    const entry = { at: this.#elapsed + milliseconds, act }
    this.#due.add(entry)
    return () => this.#due.delete(entry)
  }

  /** Sets the time of day, while no time passes: the machine slept, or someone set its clock. */
  jump(seconds: number): void {
    this.#wallOffset += seconds
  }

  /** Lets time pass, and what it brings happen. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, next.at)
      this.#due.delete(next)
      next.act()
      await settle()
    }
    this.#elapsed = end
    await settle()
  }

  #next(end: number): { readonly at: number; readonly act: () => void } | undefined {
    return [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}

/** Lets promises that are ready run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await setImmediate()
}
