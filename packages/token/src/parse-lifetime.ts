const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Parses a lifetime into seconds: a whole number of seconds, or one with a unit, such as `90s`, `10m`, `1h`, `7d` (RFC
 * 7519 §2 NumericDate).
 *
 * @example parseLifetime('10m') // 600
 * @throws TypeError for anything else, zero and fractions included
 */
export function parseLifetime(lifetime: number | string): number {
  const [, digits, unit] = /^([1-9]\d{0,11})([smhd]?)$/.exec(String(lifetime)) ?? []
  const seconds = Number(digits) * (UNIT_SECONDS[unit ?? ''] ?? Number.NaN)
  if ((typeof lifetime !== 'number' && typeof lifetime !== 'string') || !Number.isSafeInteger(seconds)) {
    throw new TypeError(
      'A lifetime is a whole number of seconds above zero, or one with a unit: "90s", "10m", "1h", "7d".',
    )
  }
  return seconds
}
