/** Owns the choice of the issuer: by what a token says of itself, from those that are accepted (RFC 8725 §3.8). */
import { decodeUnverified } from '#token'
import { IssuerMismatch, type IssuerParts, IssuerPolicy } from './issuer-policy.ts'
import type { IssuerSettings, VerifiedToken } from './issuer-settings.ts'
import type { ReplicaStatus } from './revocation/replica.ts'

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
  verify(token: string): VerifiedToken | Promise<VerifiedToken> {
    return (this.#only ?? this.#find(token)).verify(token)
  }

  /** Finds the issuer of a token that was verified. */
  policyOf({ source }: VerifiedToken): IssuerPolicy {
    const policy = this.#only ?? this.#policies.get(source.iss ?? '')
    if (policy === undefined) throw new TypeError('a token was verified that is of no issuer')
    return policy
  }

  /** What is known of revocations, by issuer; those without a feed are left out. */
  status(): Readonly<Record<string, ReplicaStatus>> {
    const known = [...this.#policies].flatMap(([issuer, { status }]) =>
      status === undefined ? [] : [[issuer, status] as const],
    )
    return Object.fromEntries(known)
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
