/** Owns what is accepted of each issuer: where its keys are, and what its tokens must say. */
import {
  ALGORITHMS,
  type Algorithm,
  type ClaimsSchema,
  createJwtVerifier,
  importKey,
  type Key,
  type LocalKeys,
  type ProtectedHeader,
  type VerifiedJwt,
  type VerifierOptions,
} from '#token'
import type { AccessTokenClaims } from './auth.ts'
import type { OptionProblems } from './option-problems.ts'
import type { IssuerOptions, ProtectionOptions } from './options.ts'
import { isFetchable } from './remote-jwk-set/issuer-url.ts'
import type { FeedCredentials } from './revocation/feed-client.ts'
import { LARGEST_OFFSET } from './revocation/revocations.ts'

/** The rules for one issuer, checked and with every default filled in. */
export interface IssuerSettings {
  readonly issuer: string
  readonly jwksUri: string | undefined
  /** Keys at hand; undefined if they are fetched. */
  readonly keys: LocalKeys | Promise<LocalKeys> | undefined
  /** The algorithms that were asked for; undefined for every asymmetric one. */
  readonly algorithms: readonly Algorithm[] | undefined
  /** Who we are to the issuer; undefined where there is no feed. */
  readonly feed: FeedCredentials | undefined
  /** Creates the verifier of its tokens with some keys. */
  readonly createVerifier: (
    keys: LocalKeys,
    parts: VerifierParts,
  ) => (token: string) => VerifiedToken | Promise<VerifiedToken>
}

interface VerifierParts {
  readonly cacheSize: number
  /** Tells the time in epoch seconds. */
  readonly now: () => number
}

/** A token that was verified. */
export interface VerifiedToken {
  /** What the schema made of the claims, or the claims. */
  readonly claims: unknown
  /** The claims as they were signed, by which scopes, roles and revocations are judged. */
  readonly source: AccessTokenClaims
  readonly protectedHeader: ProtectedHeader
}

const ISSUER_OPTION_NAMES: readonly string[] =
  'issuer audience algorithms jwksUri keys secret typ dangerouslyAllowAnyType dangerouslyAllowAnyAudience'.split(' ')

/** The algorithms of key pairs: what is accepted unless `algorithms` says otherwise. */
const ASYMMETRIC: readonly Algorithm[] = ALGORITHMS.filter((alg) => !alg.startsWith('HS'))

/** What the RFC 9068 profile has in every token besides iss, exp and aud, which are required anyway (§2.2). */
const PROFILE_CLAIMS: readonly string[] = ['sub', 'client_id', 'iat', 'jti']

/** Reads the issuer, or the issuers. */
export function readIssuers(options: ProtectionOptions<unknown>, problems: OptionProblems): readonly IssuerSettings[] {
  if (options.issuers === undefined) return [readIssuer(options as IssuerOptions, options, '', problems)]
  const { issuers, audience, algorithms, typ, dangerouslyAllowAnyType, dangerouslyAllowAnyAudience } = options
  const isSound =
    Array.isArray(issuers) && issuers.length > 0 && issuers.every((one) => typeof one === 'object' && one !== null)
  problems.require(isSound, 'issuers', 'give an array of objects such as { issuer: "https://login.example.com" }')
  if (!isSound) return []
  for (const name of ['issuer', 'jwksUri', 'keys', 'secret', 'feed'])
    problems.require(!Object.hasOwn(options, name), name, 'put it into one of the issuers')
  const names = issuers.map(({ issuer }) => issuer)
  problems.require(new Set(names).size === names.length, 'issuers', 'name each issuer once')
  const defaults = { audience, algorithms, typ, dangerouslyAllowAnyType, dangerouslyAllowAnyAudience }
  return issuers.map((one, index) => {
    problems.requireKnown(one, ISSUER_OPTION_NAMES, `issuers[${index}].`)
    return readIssuer({ ...defaults, ...withoutUndefined(one) }, options, `issuers[${index}].`, problems)
  })
}

function readIssuer(
  own: IssuerOptions,
  options: ProtectionOptions<unknown>,
  path: string,
  problems: OptionProblems,
): IssuerSettings {
  const { issuer, jwksUri, secret } = own
  const allowInsecureHttp = options.allowInsecureHttp === true
  const sources = [own.keys, secret, jwksUri].filter((source) => source !== undefined)
  problems.require(sources.length <= 1, `${path}keys`, 'give one of keys, secret and jwksUri, or none of them')
  const isLocal = own.keys !== undefined || secret !== undefined
  if (!isLocal && jwksUri === undefined)
    problems.require(
      typeof issuer === 'string' && isFetchable(issuer, allowInsecureHttp),
      `${path}issuer`,
      'give the https URL of the issuer (http on this machine, or with allowInsecureHttp), or its keys or jwksUri',
    )
  if (jwksUri !== undefined)
    problems.require(
      isFetchable(jwksUri, allowInsecureHttp),
      `${path}jwksUri`,
      'give an https URL (http on this machine, or with allowInsecureHttp)',
    )
  const algorithms = own.algorithms
  if (secret !== undefined)
    problems.require(
      algorithms?.length === 1,
      `${path}algorithms`,
      'name the one algorithm of the secret, such as ["HS256"]',
    )
  const rules = readRules(own, options)
  const keys = secret === undefined ? own.keys : problems.collect(() => importSecret(secret, algorithms?.[0]), path)
  // Finds what is wrong with the rules now, and not when the keys are there.
  problems.collect(
    () =>
      createJwtVerifier({
        ...rules,
        keys: keys instanceof Promise ? () => undefined : (keys ?? (() => undefined)),
      } as VerifierOptions),
    path,
  )
  checkFeed(own, options, path, problems)
  const hasSchema = options.schema !== undefined
  const createVerifier: IssuerSettings['createVerifier'] = (present, parts) => {
    const verify = createJwtVerifier<unknown>({ ...rules, ...parts, keys: present } as VerifierOptions<
      LocalKeys,
      unknown
    >)
    const read = hasSchema ? unfold : withSource
    return (token) => {
      // At once with node:crypto, later with Web Crypto.
      const verified: VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> = verify(token)
      return verified instanceof Promise ? verified.then(read) : read(verified)
    }
  }
  return { issuer, jwksUri, keys, algorithms, feed: own.feed, createVerifier }
}

/** What the verifier is told besides its keys. */
function readRules(own: IssuerOptions, options: ProtectionOptions<unknown>): Pick<VerifierOptions, 'algorithms'> {
  const { clockTolerance, maxTokenAge, maxTokenLength, schema } = options
  const { typ = 'at+jwt', dangerouslyAllowAnyType, dangerouslyAllowAnyAudience, algorithms = ASYMMETRIC } = own
  const isProfile = dangerouslyAllowAnyType !== true && /^(application\/)?at\+jwt$/i.test(typ)
  const { requiredClaims = isProfile ? PROFILE_CLAIMS : undefined } = options
  return withoutUndefined({
    algorithms,
    issuer: own.issuer,
    audience: own.audience,
    dangerouslyAllowAnyAudience,
    typ: dangerouslyAllowAnyType === true ? undefined : typ,
    requiredClaims,
    clockTolerance,
    maxTokenAge,
    maxTokenLength,
    schema: schema && keepSource(schema),
  })
}

function importSecret(secret: string | Uint8Array, alg: Algorithm | undefined): Key | Promise<Key> {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
    throw new TypeError('secret: give the secret as text or bytes.')
  return importKey(
    typeof secret === 'string' ? new TextEncoder().encode(secret) : secret,
    alg === undefined ? {} : { alg },
  )
}

function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}

function checkFeed(
  { feed, issuer }: IssuerOptions,
  { clockTolerance = 0, allowInsecureHttp }: ProtectionOptions<unknown>,
  path: string,
  problems: OptionProblems,
): void {
  if (feed === undefined) return
  const { clientId, clientSecret } = feed ?? {}
  const isSound = [clientId, clientSecret].every((one) => typeof one === 'string' && one !== '')
  problems.require(isSound, `${path}feed`, 'give clientId and clientSecret of a client with the scope revocations:read')
  problems.require(
    isFetchable(issuer, allowInsecureHttp === true),
    `${path}feed`,
    'a feed needs an issuer with an https URL',
  )
  problems.require(
    clockTolerance <= LARGEST_OFFSET,
    'clockTolerance',
    `give at most ${LARGEST_OFFSET} seconds beside a revocation feed, whose entries live no longer`,
  )
}

/** The claims beside what a schema made of them. */
interface KeptSource {
  readonly claims: unknown
  readonly source: AccessTokenClaims
}

/** Lets a schema see the claims, and keeps them: a schema may drop what scopes, roles and revocations are judged by. */
function keepSource(schema: ClaimsSchema<unknown>): ClaimsSchema<KeptSource> {
  const { '~standard': standard } = schema
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate(source) {
        const keep = (result: {
          readonly issues?: undefined
          readonly value: unknown
        }): { readonly value: KeptSource } => ({
          value: { claims: result.value, source: source as AccessTokenClaims },
        })
        const result = standard.validate(source)
        if (result instanceof Promise) return result.then((later) => (later.issues === undefined ? keep(later) : later))
        return result.issues === undefined ? keep(result) : result
      },
    },
  }
}

function unfold({ claims, protectedHeader }: VerifiedJwt<unknown>): VerifiedToken {
  return { ...(claims as KeptSource), protectedHeader }
}

function withSource({ claims, protectedHeader }: VerifiedJwt<unknown>): VerifiedToken {
  return { claims, source: claims as AccessTokenClaims, protectedHeader }
}
