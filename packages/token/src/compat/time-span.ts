/** Owns how a span of time may be written: as jsonwebtoken takes it, but for the string without a unit. */

const SECONDS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ...unit(0.001, 'ms', 'msec', 'msecs', 'millisecond', 'milliseconds'),
  ...unit(1, 's', 'sec', 'secs', 'second', 'seconds'),
  ...unit(60, 'm', 'min', 'mins', 'minute', 'minutes'),
  ...unit(3600, 'h', 'hr', 'hrs', 'hour', 'hours'),
  ...unit(86_400, 'd', 'day', 'days'),
  ...unit(7 * 86_400, 'w', 'week', 'weeks'),
  ...unit(365.25 * 86_400, 'y', 'yr', 'yrs', 'year', 'years'),
])

const LONGEST_TEXT = 100

/**
 * Parses a span of time into seconds: a number of seconds, or a text with a unit, such as `15m`, `2 days`, `-10s`.
 *
 * A text without a unit is refused: jsonwebtoken takes `"3600"` for 3.6 seconds, and whoever wrote it meant an hour.
 *
 * @throws TypeError that begins with the name of the option
 */
export function parseTimeSpan(value: unknown, option: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const text = typeof value === 'string' && value.length <= LONGEST_TEXT ? value : ''
  const [, amount, name] = /^(-?\d*\.?\d+) *([a-z]*)$/i.exec(text) ?? []
  if (amount !== undefined && name === '') {
    throw new TypeError(
      `"${option}" should be a number of seconds or string with a unit: a string without one would be milliseconds. ` +
        `Write Number(…) if it is seconds, or add the unit: "15m", "2 days".`,
    )
  }
  const seconds = SECONDS_OF_UNIT.get((name ?? '').toLowerCase())
  if (amount === undefined || seconds === undefined) {
    throw new TypeError(
      `"${option}" should be a number of seconds or string representing a timespan eg: "1d", "20h", 60`,
    )
  }
  return Number(amount) * seconds
}

function unit(seconds: number, ...names: string[]): [name: string, seconds: number][] {
  return names.map((name) => [name, seconds])
}
