/**
 * Owns the decision about a request: which token, which issuer, is it good, is it enough. Adapters turn the decision into what
 * their framework expects, and decide nothing.
 */
import { TokenError, type VerifiedJwt } from '@countersign/token'
import { AccessError } from './access-error.ts'
import type { AccessTokenClaims, Auth, Decision } from './auth.ts'
import { type Clock, systemClock } from './clock.ts'
import { readCredentials } from './credentials.ts'
import { type Log, limitLog } from './log.ts'
import type { ProtectionOptions } from './options.ts'
import type { RequestView } from './request-view.ts'
import type { RequirementCheck } from './requirements.ts'
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
   * @returns the refusal, or nothing
   */
  check(auth: Auth<Claims> | undefined, isMet: RequirementCheck): AccessError | undefined
  /** Tells the operator why a request is refused, and the client where to find out how to get a token (RFC 9728 §5.1). */
  refuse(error: AccessError): AccessError
  /** Stops the refreshing of keys in the background. */
  close(): void
}

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
      if (!(found instanceof Promise)) return this.#judge(found, isMet)
      return found.then((later) => this.#judge(later, isMet)).catch((error: unknown) => this.#refuseThrown(error))
    } catch (error) {
      return this.#refuseThrown(error)
    }
  }

  check(auth: Auth<Claims> | undefined, isMet: RequirementCheck): AccessError | undefined {
    const error = auth === undefined ? tokenMissing() : isMet(auth.claims as Claims & object, this.#clock.now())
    return error === undefined ? undefined : this.refuse(error)
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

  #verifyCredentials(request: RequestView): Verified | Promise<Verified> {
    const tokens = readCredentials(request, this.#settings.cookie)
    if (typeof tokens !== 'string') return tokens.length === 0 ? undefined : this.#verifyCookies(tokens)
    const verified = this.#issuers.verify(tokens)
    if (verified instanceof Promise) return verified.then((later) => withToken(tokens, later))
    return withToken(tokens, verified)
  }

  /** Verifies the tokens of several cookies; the session that signed in last counts. @throws AccessError if none is good */
  async #verifyCookies(tokens: readonly string[]): Promise<Verified> {
    const attempts = await Promise.allSettled(
      tokens.map(async (token) => withToken(token, await this.#issuers.verify(token))),
    )
    const good = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    if (good.length === 0) throw attempts.find((attempt) => attempt.status === 'rejected')?.reason
    return good.reduce((last, one) => (authTimeOf(one) > authTimeOf(last) ? one : last))
  }

  #judge(verified: Verified, isMet: RequirementCheck | undefined): Decision<Claims> {
    if (verified === undefined) {
      if (!this.#settings.isOptional || isMet !== undefined) throw tokenMissing()
      return { outcome: 'anonymous' }
    }
    const auth = verified as Auth<Claims>
    const error =
      this.#findObjection(auth.claims as Claims & object) ?? isMet?.(auth.claims as object, this.#clock.now())
    if (error !== undefined) throw error
    return { outcome: 'accepted', auth }
  }

  #findObjection(claims: Claims & object): AccessError | undefined {
    // A token that is bound to a key proves nothing in the hands of whoever sends it without that key (RFC 9449 §7.2).
    if ('cnf' in claims && claims.cnf !== undefined)
      return new AccessError('invalid_token', {
        reason: 'the token is bound to a key (cnf) and came as a bearer token',
      })
    if (this.#claimCheck !== undefined && this.#claimCheck(claims) !== true)
      return new AccessError('invalid_token', { reason: 'claimCheck refused the claims' })
    return this.#settings.checkRequirements(claims, this.#clock.now())
  }

  #refuseThrown(thrown: unknown): Decision<Claims> {
    const error = thrown instanceof TokenError ? toAccessError(thrown) : thrown
    if (error instanceof AccessError) return { outcome: 'refused', error: this.refuse(error) }
    const reason = 'an unexpected error, such as one of claimCheck or of the schema'
    return { outcome: 'refused', error: this.refuse(new AccessError('server_error', { reason, cause: error })) }
  }
}

/** A token that was verified; undefined where none came. */
type Verified = Auth<unknown> | undefined

function withToken(token: string, { claims, protectedHeader }: VerifiedJwt<unknown>): Auth<unknown> {
  return { claims, token, protectedHeader }
}

/** Turns the error of a token into that of the request (RFC 6750 §3.1). */
function toAccessError({ message: reason, code: tokenError, expected, received }: TokenError): AccessError {
  return new AccessError('invalid_token', { reason, tokenError, expected, received })
}

function tokenMissing(): AccessError {
  return new AccessError('token_missing', { reason: 'no access token was sent' })
}

function authTimeOf({ claims }: { readonly claims: unknown }): number {
  const { auth_time: authTime } = claims as { auth_time?: unknown }
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
