/**
 * Owns the verification of the tokens of one issuer with the keys that it has at the moment. Each set of keys has a verifier of
 * its own, so that what was remembered with an older set, headers and verified tokens, goes with it.
 */
import { decodeUnverified, TokenError } from '#token'
import { type Clock, systemClock } from './clock.ts'
import type { IssuerSettings, VerifiedToken } from './issuer-settings.ts'
import { createLocalKeys, type KeySet, type KeySource } from './key-set.ts'
import type { Log } from './log.ts'
import { RemoteJwkSet } from './remote-jwk-set/remote-jwk-set.ts'
import type { ReplicaStatus } from './revocation/replica.ts'
import type { RevocationPolicy } from './revocation/revocation-policy.ts'
import type { TokenMarks } from './revocation/revocation-set.ts'
import { Revocations } from './revocation/revocations.ts'
import { Watchers } from './revocation/watchers.ts'

/** How the keys of an issuer are had and its tokens remembered. */
export interface IssuerParts {
  readonly cacheSize: number
  /** Seconds. */
  readonly outageTolerance: number
  readonly allowInsecureHttp?: boolean | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly clock?: Clock | undefined
  readonly log: Log
}

type Verify = (token: string) => VerifiedToken | Promise<VerifiedToken>

/** Verifies tokens of one issuer. */
export class IssuerPolicy {
  readonly #settings: IssuerSettings
  readonly #cacheSize: number
  readonly #keys: KeySource
  readonly #revocations: Revocations | undefined
  /** Without a feed, connections end by time alone. */
  readonly #expiries: Watchers
  readonly #now: () => number
  #present: { readonly set: KeySet; readonly verify: Verify } | undefined

  constructor(settings: IssuerSettings, parts: IssuerParts) {
    this.#settings = settings
    this.#keys = createKeySource(settings, parts)
    this.#cacheSize = parts.cacheSize
    const { clock = systemClock } = parts
    const revocations = createRevocations(settings, parts, () => this.#keys.refresh())
    this.#revocations = revocations
    this.#expiries = new Watchers(clock)
    this.#now = revocations === undefined ? () => clock.now() : () => revocations.laterNow(clock.now())
  }

  get status(): ReplicaStatus | undefined {
    return this.#revocations?.status
  }

  /** Verifies a token: at once, if the keys are at hand. @throws TokenError, and AccessError keys_unavailable */
  verify(token: string): VerifiedToken | Promise<VerifiedToken> {
    const set = this.#keys.get()
    return set instanceof Promise ? set.then((later) => this.#verifyWith(later, token)) : this.#verifyWith(set, token)
  }

  /**
   * Checks that a verified token is not revoked: at once, if enough is known. Without a feed nothing is known, and nothing is asked.
   *
   * @throws AccessError invalid_token, revocation_state_unavailable
   */
  checkRevocation(verified: VerifiedToken, token: string, policy: RevocationPolicy | undefined): void | Promise<void> {
    if (this.#revocations !== undefined && policy !== 'off')
      return this.#revocations.check(marksOf(verified), token, policy ?? 'bounded')
    if (policy === 'strict' || policy === 'bounded')
      throw new TypeError(`revocation: ${policy} needs a feed of ${this.#settings.issuer}, and none is configured.`)
    return undefined
  }

  /** Calls `onEnd` when a token expires or, with a feed, is revoked; returns what stops the watching. */
  watch(verified: VerifiedToken, onEnd: () => void): () => void {
    const { exp = 0 } = verified.source
    return (this.#revocations ?? this.#expiries).watch(marksOf(verified), exp, onEnd)
  }

  close(): void {
    this.#keys.close()
    this.#revocations?.close()
  }

  #verifyWith(set: KeySet, token: string): VerifiedToken | Promise<VerifiedToken> {
    try {
      const verified = this.#verifierFor(set)(token)
      return verified instanceof Promise
        ? verified.catch((error: unknown) => this.#tryNewer(set, token, error))
        : verified
    } catch (error) {
      return this.#tryNewer(set, token, error)
    }
  }

  /** A token that names a key which is not there may be signed with a newer one. @throws the error, if it is another */
  #tryNewer(set: KeySet, token: string, error: unknown): Promise<VerifiedToken> {
    if (!(error instanceof TokenError) || error.code !== 'key_not_found') throw error
    this.#assertIssuer(token)
    return this.#verifyLater(set, token, error)
  }

  async #verifyLater(set: KeySet, token: string, refusal: TokenError): Promise<VerifiedToken> {
    const newer = await this.#keys.newerThan(set)
    if (newer === set) throw refusal
    return this.#verifierFor(newer)(token)
  }

  #verifierFor(set: KeySet): Verify {
    if (this.#present?.set !== set) this.#present = { set, verify: this.#createVerifier(set) }
    return this.#present.verify
  }

  #createVerifier({ keys }: KeySet): Verify {
    if (Array.isArray(keys) && keys.length === 0) return refuseAll
    return this.#settings.createVerifier(keys, { cacheSize: this.#cacheSize, now: this.#now })
  }

  /** A token that names a key which is not there may ask for newer keys only if it says that it is of this issuer. */
  #assertIssuer(token: string): void {
    const { iss } = decodeUnverified(token, { maxTokenLength: token.length }).claims
    if (iss !== this.#settings.issuer) throw new IssuerMismatch([this.#settings.issuer], iss)
  }
}

/** Says that a token is of none of the issuers that are accepted; nothing about it was verified. */
export class IssuerMismatch extends TokenError {
  constructor(expected: readonly string[], received: unknown) {
    super('issuer_mismatch', 'The issuer (iss) of the token is not the one expected.', {
      claim: 'iss',
      expected,
      received,
    })
  }
}

function createKeySource({ issuer, jwksUri, keys, algorithms }: IssuerSettings, parts: IssuerParts): KeySource {
  if (keys !== undefined) return createLocalKeys(keys)
  const { clock = systemClock, fetch = (...request) => globalThis.fetch(...request), log, outageTolerance } = parts
  const allowInsecureHttp = parts.allowInsecureHttp === true
  const told = { issuer, jwksUri, algorithms, outageTolerance, allowInsecureHttp, fetch, clock, log }
  return new RemoteJwkSet({ ...told, random: Math.random })
}

function createRevocations(
  { issuer, feed: credentials }: IssuerSettings,
  parts: IssuerParts,
  onKeysChanged: () => void,
): Revocations | undefined {
  if (credentials === undefined) return undefined
  const { clock = systemClock, fetch = (...request) => globalThis.fetch(...request), log } = parts
  const allowInsecureHttp = parts.allowInsecureHttp === true
  return new Revocations({
    issuer,
    credentials,
    allowInsecureHttp,
    fetch,
    clock,
    log,
    random: Math.random,
    onKeysChanged,
  })
}

/** What an entry may name of a token. Claims of another type than a string name nothing. */
function marksOf({ source, protectedHeader: { kid } }: VerifiedToken): TokenMarks {
  const { sid, jti, sub, client_id: clientId, iat } = source
  return { sid: typeof sid === 'string' ? sid : undefined, jti, sub, clientId, kid, iat }
}

function refuseAll(): never {
  throw new TokenError('key_not_found', 'The issuer has no key that could be used.')
}
