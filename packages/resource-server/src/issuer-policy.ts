/**
 * Owns the verification of the tokens of one issuer with the keys that it has at the moment. Each set of keys has a verifier of
 * its own, so that what was remembered with an older set, headers and verified tokens, goes with it.
 */
import { decodeUnverified, TokenError, type VerifiedJwt } from '@countersign/token'
import { type Clock, systemClock } from './clock.ts'
import type { IssuerSettings } from './issuer-settings.ts'
import { createLocalKeys, type KeySet, type KeySource } from './key-set.ts'
import type { Log } from './log.ts'
import { RemoteJwkSet } from './remote-jwk-set/remote-jwk-set.ts'

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

/** Verifies tokens of one issuer. */
export class IssuerPolicy {
  readonly #settings: IssuerSettings
  readonly #cacheSize: number
  readonly #keys: KeySource
  #present: { readonly set: KeySet; readonly verify: (token: string) => VerifiedJwt<unknown> } | undefined

  constructor(settings: IssuerSettings, parts: IssuerParts) {
    this.#settings = settings
    this.#keys = createKeySource(settings, parts)
    this.#cacheSize = parts.cacheSize
  }

  /** Verifies a token: at once, if the keys are at hand. @throws TokenError, and AccessError keys_unavailable */
  verify(token: string): VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
    const set = this.#keys.get()
    return set instanceof Promise ? set.then((later) => this.#verifyWith(later, token)) : this.#verifyWith(set, token)
  }

  close(): void {
    this.#keys.close()
  }

  #verifyWith(set: KeySet, token: string): VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
    try {
      return this.#verifierFor(set)(token)
    } catch (error) {
      if (!(error instanceof TokenError) || error.code !== 'key_not_found') throw error
      this.#assertIssuer(token)
      return this.#verifyLater(set, token, error)
    }
  }

  async #verifyLater(set: KeySet, token: string, refusal: TokenError): Promise<VerifiedJwt<unknown>> {
    const newer = await this.#keys.newerThan(set)
    if (newer === set) throw refusal
    return this.#verifierFor(newer)(token)
  }

  #verifierFor(set: KeySet): (token: string) => VerifiedJwt<unknown> {
    if (this.#present?.set !== set) this.#present = { set, verify: this.#createVerifier(set) }
    return this.#present.verify
  }

  #createVerifier({ keys }: KeySet): (token: string) => VerifiedJwt<unknown> {
    if (Array.isArray(keys) && keys.length === 0) return refuseAll
    return this.#settings.createVerifier(keys, this.#cacheSize)
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

function refuseAll(): never {
  throw new TokenError('key_not_found', 'The issuer has no key that could be used.')
}
