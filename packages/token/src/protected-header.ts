/**
 * Owns what a protected header may say: an exact `alg`, a `kid` that is only a name, and nothing that would change how
 * the rest is read. `jwk`, `jku`, `x5u` and `x5c` stay what they are, text from a stranger: no key comes from a header
 * (RFC 7515 §4.1, RFC 8725 §3.10).
 */
import type { Algorithm } from './algorithm.ts'
import { deepFreeze } from './deep-freeze.ts'
import { type JsonObject, JsonRefusal, parseJsonObject } from './json-object.ts'
import { isKeyId, KEY_ID_RULE } from './key-id.ts'
import { TokenError } from './token-error.ts'

/** The protected header of a token whose `alg` is one of those allowed (RFC 7515 §4.1). */
export interface ProtectedHeader {
  readonly alg: Algorithm
  readonly kid?: string
  readonly typ?: string
  readonly cty?: string
  readonly [parameter: string]: unknown
}

/** Parameters that would change how the token is read, and are refused whatever they say. */
const UNSUPPORTED_PARAMETERS = ['crit', 'b64', 'zip']

/** Parses the JSON of a protected header, whatever it says (RFC 7515 §5.2 step 3). @throws TokenError header_invalid */
export function parseHeaderJson(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes)
  } catch (error) {
    if (error instanceof JsonRefusal) throw new TokenError('header_invalid', `The protected header ${error.message}.`)
    throw error
  }
}

/**
 * Parses a protected header whose algorithm must be one of a list (RFC 7515 §5.2, RFC 8725 §3.1). It cannot be changed.
 *
 * @throws TokenError header_invalid, header_unsupported, algorithm_not_allowed
 */
export function parseProtectedHeader(bytes: Uint8Array, algorithms: readonly Algorithm[]): ProtectedHeader {
  const header = parseHeaderJson(bytes)
  const { alg, kid } = header
  for (const claim of UNSUPPORTED_PARAMETERS) {
    if (Object.hasOwn(header, claim)) {
      throw new TokenError('header_unsupported', `The protected header has "${claim}", which is never honoured.`, {
        claim,
      })
    }
  }
  for (const claim of ['alg', 'typ', 'cty']) {
    if ((claim === 'alg' || Object.hasOwn(header, claim)) && typeof header[claim] !== 'string') {
      throw new TokenError('header_invalid', `The header parameter "${claim}" is not a string.`, { claim })
    }
  }
  if (!algorithms.includes(alg as Algorithm)) {
    const detail = { claim: 'alg', expected: algorithms, received: alg }
    throw new TokenError('algorithm_not_allowed', 'The algorithm of the token is not one of those allowed.', detail)
  }
  if (Object.hasOwn(header, 'kid') && !isKeyId(kid)) {
    throw new TokenError('header_invalid', `The key id (kid) of the token is not ${KEY_ID_RULE}.`, { claim: 'kid' })
  }
  // It is kept for later tokens, and handed to a resolver for each of them.
  return deepFreeze(header) as JsonObject as ProtectedHeader
}

/**
 * Checks `typ` as a media type: in any case, and with or without `application/` (RFC 7515 §4.1.9, RFC 8725 §3.11).
 *
 * @throws TokenError type_mismatch
 */
export function checkType(received: string | undefined, expected: string | undefined): void {
  if (expected === undefined || (received !== undefined && toMediaType(received) === toMediaType(expected))) return
  throw new TokenError('type_mismatch', 'The token is of another type (typ) than the one expected.', {
    claim: 'typ',
    expected,
    received,
  })
}

function toMediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\/(?=[^/]+$)/, '')
}
