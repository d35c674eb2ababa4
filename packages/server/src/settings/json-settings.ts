/** Settings that are written as JSON; whether the values are right is for settings.ts to say. */
import type { AuthorizationServerOptions } from '../options.ts'

/** Reads a JSON object. @param problem what to tell if it is none */
export function readJson(
  text: string | undefined,
  problem: string,
  problems: string[],
): Record<string, never> | undefined {
  if (text === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, never>
  } catch {}
  problems.push(problem)
  return undefined
}

/** Whoever tries dev out has one address for all the accounts that they make. */
export const devLimits = { registrationPerNetwork: '10000/1h' }

/** Reads limits, such as `{"loginPerAccount":"30/1h"}`. */
export function readRateLimits(
  text: string | undefined,
  mode: 'dev' | 'start',
  problems: string[],
): AuthorizationServerOptions['rateLimits'] {
  const problem = 'COUNTERSIGN_RATE_LIMITS must be JSON such as {"loginPerAccount":"30/1h"}'
  return { ...(mode === 'dev' && devLimits), ...readJson(text, problem, problems) }
}
