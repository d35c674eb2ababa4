/** Reads one option that is a length of time, and tells what is wrong with it. */
import { parseLifetime } from '@countersign/token'
import type { AuthorizationServerOptions, Lifetime } from '../options.ts'

/** Where an option is. */
export type OptionPath = keyof AuthorizationServerOptions | 'redis.url' | 'redis.prefix'

/** Takes down that an option cannot be used, and how to mend it. */
export type Complain = (option: OptionPath, detail: string) => void

/** Reads whole seconds from a range that is told in words. */
export function readSeconds(
  option: keyof AuthorizationServerOptions,
  value: Lifetime,
  [least, most, range]: readonly [number, number, string],
  complain: Complain,
): number {
  const seconds = tryParseLifetime(value)
  if (seconds === undefined) complain(option, 'must be whole seconds or a text such as 30s, 10m, 1h, 7d')
  else if (seconds < least || seconds > most) complain(option, `must be ${range}`)
  return seconds ?? least
}

function tryParseLifetime(value: Lifetime): number | undefined {
  try {
    return parseLifetime(value)
  } catch {
    return undefined
  }
}
