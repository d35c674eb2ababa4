/** Owns the choice of the issuer: by what a token says of itself, from those that are accepted (RFC 8725 §3.8). */
import { decodeUnverified, type VerifiedJwt } from '@countersign/token'
import { IssuerMismatch, type IssuerParts, IssuerPolicy } from './issuer-policy.ts'
import type { IssuerSettings } from './issuer-settings.ts'

/** The issuers that are accepted, each with its keys and rules. */
export class TrustedIssuers {
  readonly #policies: ReadonlyMap<string, IssuerPolicy>
  /** The only one, where there is one: its verifier reads `iss` itself, after the signature. */
  readonly #only: IssuerPolicy | undefined
  readonly #maxTokenLength: number

  constructor(issuers: readonly IssuerSettings[], maxTokenLength: number, parts: IssuerParts) {
    const policies = issuers.map((one) => [one.issuer, new IssuerPolicy(one, parts)] as const)
    this.#policies = new Map(policies)
    this.#only = policies.length === 1 ? policies[0]?.[1] : undefined
    this.#maxTokenLength = maxTokenLength
  }

  /** Verifies a token: at once, if the keys are at hand. @throws TokenError, and AccessError keys_unavailable */
  verify(token: string): VerifiedJwt<unknown> | Promise<VerifiedJwt<unknown>> {
    return (this.#only ?? this.#find(token)).verify(token)
  }

  close(): void {
    for (const policy of this.#policies.values()) policy.close()
  }

  /** Whoever is not on the list is never asked for anything. */
  #find(token: string): IssuerPolicy {
    const { iss } = decodeUnverified(token, { maxTokenLength: this.#maxTokenLength }).claims
    const policy = typeof iss === 'string' ? this.#policies.get(iss) : undefined
    if (policy === undefined) throw new IssuerMismatch([...this.#policies.keys()], iss)
    return policy
  }
}
