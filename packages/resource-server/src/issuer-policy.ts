/**
 * Owns the verification of the tokens of one issuer with the keys that it has at the moment. Each set of keys has a verifier of
 * its own, so that what was remembered with an older set, headers and verified tokens, goes with it.
 */
import { decodeUnverified, TokenError, type VerifiedJwt } from '@countersign/token'
import { AccessError } from './access-error.ts'
import type { IssuerSettings } from './issuer-settings.ts'
import type { KeySet, KeySource } from './key-set.ts'

/** Verifies tokens of one issuer. */
export class IssuerPolicy {
  readonly #settings: IssuerSettings
  readonly #cacheSize: number
  readonly #keys: KeySource
  #present: { readonly set: KeySet; readonly verify: (token: string) => VerifiedJwt<unknown> } | undefined

  constructor(settings: IssuerSettings, keys: KeySource, cacheSize: number) {
    this.#settings = settings
    this.#keys = keys
    this.#cacheSize = cacheSize
  }

  /** Verifies a token: at once, if the keys are at hand. @throws AccessError invalid_token, keys_unavailable */
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
      if (!(error instanceof TokenError)) throw error
      if (error.code !== 'key_not_found') throw refuse(error)
      this.#assertIssuer(token)
      return this.#verifyLater(set, token, error)
    }
  }

  async #verifyLater(set: KeySet, token: string, refusal: TokenError): Promise<VerifiedJwt<unknown>> {
    const newer = await this.#keys.newerThan(set)
    if (newer === set) throw refuse(refusal)
    try {
      return this.#verifierFor(newer)(token)
    } catch (error) {
      throw error instanceof TokenError ? refuse(error) : error
    }
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
    const received = decodeUnverified(token, { maxTokenLength: token.length }).claims.iss
    if (received !== this.#settings.issuer) throw refuseIssuer([this.#settings.issuer], received)
  }
}

/** Refuses a token for its issuer. */
export function refuseIssuer(expected: readonly string[], received: unknown): AccessError {
  return new AccessError('invalid_token', {
    reason: 'The issuer (iss) of the token is not the one expected.',
    tokenError: 'issuer_mismatch',
    expected,
    received,
  })
}

/** Turns the error of a token into that of the request (RFC 6750 §3.1). */
export function refuse({ message: reason, code: tokenError, expected, received }: TokenError): AccessError {
  return new AccessError('invalid_token', { reason, tokenError, expected, received })
}

function refuseAll(): never {
  throw new TokenError('key_not_found', 'The issuer has no key that could be used.')
}
