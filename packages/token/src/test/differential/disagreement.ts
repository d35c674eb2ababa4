/**
 * Owns the names of the ways in which this package and jose disagree over a token. Each is a row of the table in
 * docs/differences-to-jose.md, and each is one that this package refuses and jose accepts.
 */
import type { TokenError } from '../../token-error.ts'

/** Names a disagreement, by what refused the token. */
const CLASSES: readonly (readonly [name: string, isOne: (error: TokenError, token: unknown) => boolean])[] = [
  ['bytes', (_error, token) => token instanceof Uint8Array],
  ['length', ({ code }) => code === 'token_too_large'],
  ['spelling', ({ code }, token) => code === 'token_malformed' && String(token).split('.').length === 3],
  ['byte-order-mark', (error, token) => isRefusedAs(error, 'is not JSON in UTF-8') && hasByteOrderMark(token)],
  ['signature-length', ({ code }, token) => code === 'signature_invalid' && isShortPssSignature(token)],
  ['duplicate', (error) => isRefusedAs(error, 'names a member twice')],
  ['escaped-name', (error) => isRefusedAs(error, 'names a member by one escaped character')],
  ['proto', (error) => isRefusedAs(error, 'names a member __proto__')],
  ['depth', (error) => isRefusedAs(error, 'is nested more than 16 deep')],
  ['members', (error) => isRefusedAs(error, 'has more than 256 members')],
  ['never-honoured', ({ code, claim = '' }) => code === 'header_unsupported' && ['crit', 'b64', 'zip'].includes(claim)],
  ['header-types', ({ code, claim = '' }) => code === 'header_invalid' && ['typ', 'cty'].includes(claim)],
  ['kid', ({ code, claim }) => code === 'header_invalid' && claim === 'kid'],
  ['aud-types', ({ code, claim }) => code === 'claim_invalid' && claim === 'aud'],
  [
    'claim-types',
    ({ code, claim = '' }) => code === 'claim_invalid' && ['sub', 'jti', 'client_id', 'scope'].includes(claim),
  ],
  ['times', ({ code, claim = '' }) => code === 'claim_invalid' && ['exp', 'nbf', 'iat'].includes(claim)],
  ['future-iat', ({ code, claim }) => code === 'token_not_yet_valid' && claim === 'iat'],
]

/** Every disagreement that is known and explained. */
export const EXPLAINED: readonly string[] = CLASSES.map(([name]) => name)

/** Finds the name of the disagreement over a token that this package refused and jose accepted. */
export function findDisagreement(error: TokenError, token: unknown): string | undefined {
  return CLASSES.find(([, isOne]) => isOne(error, token))?.[0]
}

/** The keys of the tests have 2048 bits. */
function isShortPssSignature(token: unknown): boolean {
  const [header = '', , signature = ''] = String(token).split('.')
  const isPss = Buffer.from(header, 'base64url').includes('"alg":"PS')
  return isPss && Buffer.from(signature, 'base64url').length === 255
}

function isRefusedAs({ code, message }: TokenError, words: string): boolean {
  return ['header_invalid', 'claims_malformed'].includes(code) && message.includes(words)
}

function hasByteOrderMark(token: unknown): boolean {
  return String(token)
    .split('.', 2)
    .some((segment) => Buffer.from(segment, 'base64url').toString('hex', 0, 3) === 'efbbbf')
}
