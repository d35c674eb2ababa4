/** Owns the check of the options: everything that is wrong with them is said at once, each with its mend. */
import { parseLifetime } from '#token'
import { type IssuerSettings, readIssuers } from './issuer-settings.ts'
import { OptionProblems } from './option-problems.ts'
import type { ProtectionOptions } from './options.ts'
import { createRequirementCheck, type RequirementCheck } from './requirements.ts'
import type { RevocationPolicy } from './revocation/revocation-policy.ts'
import type { CookieRules } from './same-site.ts'

/** The options of a protection, checked and with every default filled in. */
export interface Settings {
  readonly issuers: readonly IssuerSettings[]
  readonly isOptional: boolean
  readonly checkRequirements: RequirementCheck
  /** Undefined: `bounded` where there is a feed. */
  readonly revocation: RevocationPolicy | undefined
  readonly cookie: CookieRules | undefined
  /** The URL of the protected resource metadata. */
  readonly resourceMetadata: string | undefined
  readonly cacheSize: number
  /** Characters. */
  readonly maxTokenLength: number
  /** Seconds. */
  readonly outageTolerance: number
}

const OPTION_NAMES: readonly string[] = (
  'issuer issuers audience algorithms jwksUri keys secret typ dangerouslyAllowAnyType dangerouslyAllowAnyAudience optional ' +
  'requiredClaims clockTolerance maxTokenAge maxTokenLength schema claimCheck scopes roles maxAuthAge acrValues cookie ' +
  'resource cacheSize outageTolerance allowInsecureHttp fetch log clock feed revocation'
).split(' ')

/** Reads options into settings. @throws TypeError that lists every bad option with its mend */
export function readSettings(options: ProtectionOptions<unknown>): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('protect: give an object of options.')
  const problems = new OptionProblems('protect')
  problems.requireKnown(options, OPTION_NAMES, '')
  const { optional, fetch, claimCheck, allowInsecureHttp, cacheSize = 2000, outageTolerance = '24h' } = options
  for (const [name, value] of Object.entries({ optional, allowInsecureHttp }))
    problems.require(value === undefined || typeof value === 'boolean', name, 'give true or false')
  for (const [name, value] of Object.entries({ fetch, claimCheck }))
    problems.require(value === undefined || typeof value === 'function', name, 'give a function, or leave it out')
  problems.require(
    Number.isSafeInteger(cacheSize) && cacheSize >= 0,
    'cacheSize',
    'give a whole number, or 0 to turn it off',
  )
  const settings = {
    issuers: readIssuers(options, problems),
    isOptional: optional === true,
    checkRequirements: problems.collect(() => createRequirementCheck(options), '') ?? (() => undefined),
    revocation: options.revocation,
    cookie: readCookie(options.cookie, problems),
    resourceMetadata: readResource(options.resource, problems),
    cacheSize,
    maxTokenLength: options.maxTokenLength ?? 8192,
    outageTolerance: problems.collect(() => parseLifetime(outageTolerance), 'outageTolerance: ') ?? 0,
  }
  const asks = options.revocation !== undefined && options.revocation !== 'off'
  problems.require(
    !asks || settings.issuers.some(({ feed }) => feed !== undefined),
    'revocation',
    'give the credentials of the feed too, as feed',
  )
  problems.throwIfAny()
  return settings
}

function readCookie(cookie: unknown, problems: OptionProblems): CookieRules | undefined {
  if (cookie === undefined) return undefined
  const { origins } = (typeof cookie === 'object' && cookie !== null ? cookie : {}) as { origins?: unknown }
  const isSound =
    Array.isArray(origins) && origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)
  problems.require(isSound, 'cookie.origins', 'give an array of origins, such as "https://app.example.com"')
  return { origins: new Set(isSound ? (origins as string[]) : []) }
}

/** The metadata are in front of the path of the resource (RFC 9728 §3.1). */
function readResource(resource: string | undefined, problems: OptionProblems): string | undefined {
  if (resource === undefined) return undefined
  const url = typeof resource === 'string' && URL.canParse(resource) ? new URL(resource) : undefined
  const isSound = url !== undefined && /^https?:$/.test(url.protocol) && url.hash === '' && !resource.includes('"')
  problems.require(isSound, 'resource', 'give the https URL that identifies this resource, without a fragment')
  if (!isSound) return undefined
  const path = url.pathname === '/' ? '' : url.pathname
  return `${url.origin}/.well-known/oauth-protected-resource${path}${url.search}`
}
