/** Collects what is wrong with the options of one call, so that all of it is said at once, each with its mend. */
export class OptionProblems {
  /** The function that was given the options. */
  readonly caller: string
  readonly #lines: string[] = []

  constructor(caller: string) {
    this.caller = caller
  }

  /** Adds a problem: the path of an option, and what to do about it. */
  add(path: string, mend: string): void {
    this.#lines.push(`  ${path}: ${mend}.`)
  }

  /** Adds a problem unless a value is what it has to be. */
  require(isSound: boolean, path: string, mend: string): void {
    if (!isSound) this.add(path, mend)
  }

  /** Adds a problem for each name that is not an option: a misspelt one would be a check that is silently left out. */
  requireKnown(options: object, known: readonly string[]): void {
    for (const name of Object.keys(options))
      this.require(known.includes(name), name, `there is no such option; there are ${known.join(', ')}`)
  }

  /** Adds a problem for each of some options that is there and neither true nor false. */
  requireSwitches(options: object, names: readonly string[]): void {
    const given: Readonly<Record<string, unknown>> = { ...options }
    for (const name of names)
      this.require(given[name] === undefined || typeof given[name] === 'boolean', name, 'give true or false')
  }

  /** @throws TypeError that lists every problem */
  throwIfAny(): void {
    if (this.#lines.length > 0) throw new TypeError([`${this.caller}: mend these options.`, ...this.#lines].join('\n'))
  }
}
