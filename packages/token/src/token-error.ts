/**
 * Owns the one error of a refused token and the closed list of its codes.
 * A bad option or an unusable key is a TypeError instead: it is the program that is wrong, not the token.
 */

/** Lists every code of a `TokenError`. */
export const TOKEN_ERROR_CODES = [
  'token_malformed',
  'token_too_large',
  'header_invalid',
  'header_unsupported',
  'algorithm_not_allowed',
  'type_mismatch',
  'key_not_found',
  'key_ambiguous',
  'signature_invalid',
  'claims_malformed',
  'claim_missing',
  'claim_invalid',
  'issuer_mismatch',
  'audience_mismatch',
  'token_expired',
  'token_not_yet_valid',
  'token_too_old',
  'lifetime_too_long',
] as const

/** Names why a token was refused. */
export type TokenErrorCode = (typeof TOKEN_ERROR_CODES)[number]

/** What a `TokenError` may tell besides its code; never a token, a key or a signature. */
export interface TokenErrorDetail {
  /** The header parameter or claim that is at fault. */
  readonly claim?: string
  /** What was accepted: for iss, aud, alg, kid and typ only. */
  readonly expected?: unknown
  /** What came instead: for iss, aud, alg, kid and typ only. It is the sender's text: escape it before it is shown. */
  readonly received?: unknown
}

/**
 * Says that a token was refused, and by its `code` why (RFC 7515 §5.2, RFC 7519 §7.2).
 *
 * The code is for the log: an answer to the sender is one and the same for all of them (RFC 6750 §3.1 `invalid_token`).
 */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: TokenErrorCode
  declare readonly claim?: string
  declare readonly expected?: unknown
  declare readonly received?: unknown

  constructor(code: TokenErrorCode, message: string, detail: TokenErrorDetail = {}) {
    super(message)
    this.code = code
    if (detail.claim !== undefined) this.claim = detail.claim
    if (detail.expected !== undefined) this.expected = detail.expected
    if (detail.received !== undefined) this.received = detail.received
  }
}
