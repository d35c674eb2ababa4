/** Owns time: what time it is, how much has passed, and what happens later. Passed in, so that tests move it. */
export interface Clock {
  /** Tells the time in epoch seconds; it may jump. */
  now(): number
  /** Tells how much time has passed since some moment, in milliseconds; it never goes back. */
  monotonic(): number
  /** Runs an act once after so many milliseconds, and returns what calls it off. It keeps no process alive. */
  schedule(act: () => void, milliseconds: number): () => void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  monotonic: () => performance.now(),
  schedule(act, milliseconds) {
    const timer: unknown = setTimeout(act, milliseconds)
    // Node's timers are objects that would keep the process alive; those of browsers are numbers.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as NodeJS.Timeout).unref()
    return () => clearTimeout(timer as number)
  },
}
