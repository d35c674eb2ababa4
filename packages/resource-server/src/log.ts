/** Where refusals and troubles are told to the operator. `console` is one, and so is a logger such as pino. */
export interface Log {
  /** Takes what happened, as fields, and a sentence. */
  warn(fields: object, message: string): void
}

const LINES_A_SECOND = 20

/**
 * Creates a log that passes on at most 20 lines a second, and then says how many it left out: a flood of bad tokens must
 * not become a flood of lines, which cost more than the refusals.
 */
export function limitLog(log: Log, monotonic: () => number): Log {
  let second = -1
  let lines = 0
  let omitted = 0
  return {
    warn(fields, message) {
      const present = Math.floor(monotonic() / 1000)
      if (present !== second) {
        if (omitted > 0) log.warn({ event: 'log.limited', omitted }, 'lines were left out, since there were too many')
        second = present
        lines = 0
        omitted = 0
      }
      lines += 1
      if (lines > LINES_A_SECOND) omitted += 1
      else log.warn(fields, message)
    },
  }
}
