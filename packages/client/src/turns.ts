/** Lets acts run one after the other, in the order in which they were asked for. */
export interface Turns {
  /** Runs an act after those before it, whether or not they failed. */
  take<Result>(act: () => Promise<Result> | Result): Promise<Result>
  /** Resolves when no act is under way or waiting. */
  idle(): Promise<void>
}

/** Opens a queue. */
export function createTurns(): Turns {
  let last: Promise<unknown> | undefined

  return {
    take(act) {
      const result = (last ?? Promise.resolve()).then(act)
      const settled = result.then(
        () => {},
        () => {},
      )
      last = settled
      void settled.then(() => {
        if (last === settled) last = undefined
      })
      return result
    },
    async idle() {
      while (last !== undefined) await last
    },
  }
}
