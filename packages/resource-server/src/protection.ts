/**
 * Owns the decision about a request: which token, which issuer, is it good, is it enough. Adapters turn the decision into what
 * their framework expects, and decide nothing.
 */
import { TokenError } from '#token'
import { AcceptedToken, verifiedOf } from './accepted-token.ts'
import { AccessError } from './access-error.ts'
import type { AccessTokenClaims, Auth, Decision } from './auth.ts'
import { type Clock, systemClock } from './clock.ts'
import { readCredentials } from './credentials.ts'
import type { VerifiedToken } from './issuer-settings.ts'
import { type Log, limitLog } from './log.ts'
import type { ProtectionOptions } from './options.ts'
import type { RequestView } from './request-view.ts'
import type { RequirementCheck } from './requirements.ts'
import type { ReplicaStatus } from './revocation/replica.ts'
import { readSettings, type Settings } from './settings.ts'
import { TrustedIssuers } from './trusted-issuers.ts'

/** Decides on requests. */
export interface Protection<Claims = AccessTokenClaims> {
  /**
   * Decides on a request: at once, if the keys are at hand. It throws nothing: an error of the program is a refusal too.
   *
   * @param isMet what the route asks for besides the options
   */
  decide(request: RequestView, isMet?: RequirementCheck): Decision<Claims> | Promise<Decision<Claims>>
  /**
   * Checks what a route asks of a request that was let through; `undefined` stands for one without an access token.
   *
   * @returns the refusal, or nothing; a promise only if the issuer has to be asked about revocations
   */
  check(auth: Auth<Claims> | undefined, isMet: RequirementCheck): Refusal | Promise<Refusal>
  /**
   * Calls `onEnd`, once, when an accepted token expires or is revoked: for connections that outlive their request.
   *
   * @returns what stops the watching
   */
  watch(auth: Auth<Claims>, onEnd: () => void): () => void
  /** Tells what is known of revocations, by issuer, for metrics; issuers without a feed are left out. */
  status(): Readonly<Record<string, ReplicaStatus>>
  /** Tells the operator why a request is refused, and the client where to find out how to get a token (RFC 9728 §5.1). */
  refuse(error: AccessError): AccessError
  /** Stops what goes on in the background: the refreshing of keys, the revocation feed. */
  close(): void
}

/** What the `protect` of a framework gives besides what it is for: what is known of revocations, and an end. */
export type ProtectionHandle = Pick<Protection<unknown>, 'status' | 'close'>

/** Makes the handle of a protection. */
export function handleOf(protection: ProtectionHandle): ProtectionHandle {
  return { status: () => protection.status(), close: () => protection.close() }
}

/** Why a request is refused, if it is. */
export type Refusal = AccessError | undefined

/**
 * Creates the protection of an API: it verifies access tokens and checks what they allow (RFC 6750, RFC 9068 §4).
 *
 * For a framework, take its `protect`; this is for those that have none.
 *
 * @example
 * const protection = createProtection({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })
 * const decision = await protection.decide(new FetchRequestView(request))
 * @throws TypeError that lists every bad option with its mend
 */
export function createProtection<Claims = AccessTokenClaims>(options: ProtectionOptions<Claims>): Protection<Claims> {
  return new IssuersProtection<Claims>(options)
}

class IssuersProtection<Claims> implements Protection<Claims> {
  readonly #settings: Settings
  readonly #issuers: TrustedIssuers
  readonly #claimCheck: ((claims: Claims) => boolean) | undefined
  readonly #clock: Clock
  readonly #log: Log

  constructor(options: ProtectionOptions<Claims>) {
    const settings = readSettings(options as ProtectionOptions<unknown>)
    const { clock = systemClock, log = console, fetch, allowInsecureHttp } = options
    this.#settings = settings
    this.#clock = clock
    this.#log = limitLog(log, () => clock.monotonic())
    this.#claimCheck = options.claimCheck
    const { cacheSize, outageTolerance } = settings
    const parts = { cacheSize, outageTolerance, allowInsecureHttp, fetch, clock, log: this.#log }
    this.#issuers = new TrustedIssuers(settings.issuers, settings.maxTokenLength, parts)
  }

  decide(request: RequestView, isMet?: RequirementCheck): Decision<Claims> | Promise<Decision<Claims>> {
    try {
      const found = this.#verifyCredentials(request)
      const decision =
        found instanceof Promise ? found.then((later) => this.#judge(later, isMet)) : this.#judge(found, isMet)
      if (!(decision instanceof Promise)) return decision
      return decision.catch((error: unknown) => ({ outcome: 'refused', error: this.#toRefusal(error) }))
    } catch (error) {
      return { outcome: 'refused', error: this.#toRefusal(error) }
    }
  }

  check(auth: Auth<Claims> | undefined, isMet: RequirementCheck): Refusal | Promise<Refusal> {
    try {
      if (auth === undefined) throw tokenMissing()
      const verified = verifiedOf(auth)
      const checking =
        isMet.revocation && this.#issuers.policyOf(verified).checkRevocation(verified, auth.token, isMet.revocation)
      if (checking === undefined) return this.#findUnmet(verified, isMet)
      return checking.then(() => this.#findUnmet(verified, isMet)).catch((error: unknown) => this.#toRefusal(error))
    } catch (error) {
      return this.#toRefusal(error)
    }
  }

  watch(auth: Auth<Claims>, onEnd: () => void): () => void {
    const verified = verifiedOf(auth)
    return this.#issuers.policyOf(verified).watch(verified, onEnd)
  }

  status(): Readonly<Record<string, ReplicaStatus>> {
    return this.#issuers.status()
  }

  refuse(error: AccessError): AccessError {
    // Not a line for each visitor who has not signed in.
    if (error.code !== 'token_missing') this.#log.warn(describeRefusal(error), 'refused a request')
    const { resourceMetadata } = this.#settings
    return resourceMetadata === undefined ? error : error.withChallenge({ resource_metadata: resourceMetadata })
  }

  close(): void {
    this.#issuers.close()
  }

  #verifyCredentials(request: RequestView): Found | Promise<Found> {
    const tokens = readCredentials(request, this.#settings.cookie)
    if (typeof tokens !== 'string') return tokens.length === 0 ? undefined : this.#verifyCookies(tokens)
    const verified = this.#issuers.verify(tokens)
    return verified instanceof Promise
      ? verified.then((later) => ({ token: tokens, verified: later }))
      : { token: tokens, verified }
  }

  /** Verifies the tokens of several cookies; the session that signed in last counts. @throws AccessError if none is good */
  async #verifyCookies(tokens: readonly string[]): Promise<Found> {
    const attempts = await Promise.allSettled(
      tokens.map(async (token) => ({ token, verified: await this.#issuers.verify(token) })),
    )
    const good = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    if (good.length === 0) throw attempts.find((attempt) => attempt.status === 'rejected')?.reason
    return good.reduce((last, one) => (authTimeOf(one) > authTimeOf(last) ? one : last))
  }

  /** @throws AccessError */
  #judge(found: Found, isMet: RequirementCheck | undefined): Decision<Claims> | Promise<Decision<Claims>> {
    if (found === undefined) {
      if (!this.#settings.isOptional || isMet !== undefined) throw tokenMissing()
      return { outcome: 'anonymous' }
    }
    const { token, verified } = found
    // A token that is bound to a key proves nothing in the hands of whoever sends it without that key (RFC 9449 §7.2).
    if (verified.source.cnf !== undefined)
      throw invalidToken('the token is bound to a key (cnf) and came as a bearer token')
    const policy = isMet?.revocation ?? this.#settings.revocation
    const checking = this.#issuers.policyOf(verified).checkRevocation(verified, token, policy)
    if (checking === undefined) return this.#admit(token, verified, isMet)
    return checking.then(() => this.#admit(token, verified, isMet))
  }

  /** @throws AccessError */
  #admit(token: string, verified: VerifiedToken, isMet: RequirementCheck | undefined): Decision<Claims> {
    if (this.#claimCheck !== undefined && this.#claimCheck(verified.claims as Claims) !== true)
      throw invalidToken('claimCheck refused the claims')
    const now = this.#clock.now()
    const error = this.#settings.checkRequirements(verified.source, now) ?? isMet?.(verified.source, now)
    if (error !== undefined) throw error
    return { outcome: 'accepted', auth: new AcceptedToken<Claims>(token, verified) }
  }

  #findUnmet({ source }: VerifiedToken, isMet: RequirementCheck): Refusal {
    const error = isMet(source, this.#clock.now())
    return error && this.refuse(error)
  }

  #toRefusal(thrown: unknown): AccessError {
    const error = thrown instanceof TokenError ? toAccessError(thrown) : thrown
    if (error instanceof AccessError) return this.refuse(error)
    const reason = 'an unexpected error, such as one of claimCheck or of the schema'
    return this.refuse(new AccessError('server_error', { reason, cause: error }))
  }
}

/** A token that was verified; undefined where none came. */
type Found = { readonly token: string; readonly verified: VerifiedToken } | undefined

/** Turns the error of a token into that of the request (RFC 6750 §3.1). */
function toAccessError({ message: reason, code: tokenError, expected, received }: TokenError): AccessError {
  return new AccessError('invalid_token', { reason, tokenError, expected, received })
}

function invalidToken(reason: string): AccessError {
  return new AccessError('invalid_token', { reason })
}

function tokenMissing(): AccessError {
  return new AccessError('token_missing', { reason: 'no access token was sent' })
}

function authTimeOf({ verified }: { readonly verified: VerifiedToken }): number {
  const { auth_time: authTime } = verified.source
  return typeof authTime === 'number' ? authTime : 0
}

function describeRefusal({ code, reason, tokenError, expected, received, cause }: AccessError): object {
  return {
    ...{ event: 'access.refused', code, reason },
    ...(tokenError !== undefined && { tokenError }),
    ...(expected !== undefined && { expected }),
    ...(received !== undefined && { received: shorten(received) }),
    ...(cause instanceof Error && { err: cause }),
  }
}

/** Keeps a stranger's text short in the log. */
function shorten(received: unknown): unknown {
  return typeof received === 'string' && received.length > 200 ? `${received.slice(0, 200)}…` : received
}
