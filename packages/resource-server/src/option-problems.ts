/** Collects what is wrong with the options of one call, so that all of it is said at once, each with its mend. */
export class OptionProblems {
  readonly #caller: string
  readonly #lines: string[] = []

  constructor(caller: string) {
    this.#caller = caller
  }

  /** Adds a problem unless a value is what it has to be. */
  require(isSound: boolean, path: string, mend: string): void {
    if (!isSound) this.#lines.push(`  ${path}: ${mend}.`)
  }

  /** Adds a problem for each name that is not an option: a misspelt one would be a check that is silently left out. */
  requireKnown(options: object, known: readonly string[], path: string): void {
    for (const name of Object.keys(options))
      this.require(known.includes(name), `${path}${name}`, 'there is no such option')
  }

  /** Runs a check that throws TypeErrors of its own, and adds what they say. */
  collect<Value>(check: () => Value, path: string): Value | undefined {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const [first = '', ...others] = error.message.split('\n')
      if (others.length > 0) this.#lines.push(...others.map((line) => `  ${path}${line.trim()}`))
      else this.#lines.push(`  ${path}${first}`)
      return undefined
    }
  }

  /** @throws TypeError that lists every problem */
  throwIfAny(): void {
    const lines = [...new Set(this.#lines)]
    if (lines.length > 0) throw new TypeError([`${this.#caller}: mend these options.`, ...lines].join('\n'))
  }
}
