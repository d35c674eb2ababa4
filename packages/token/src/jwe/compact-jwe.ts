/**
 * Owns the compact serialization of a JWE: five base64url segments, each in its one spelling and of the length that the
 * algorithms ask for (RFC 7516 §7.1). A tag that is cut, or a key of another length, is refused before any key is used.
 */
import { checkLength, decodeSegment } from '../compact-jws.ts'
import { TokenError } from '../token-error.ts'
import { getContentEncryptionParameters, getKeyManagementParameters } from './encryption-algorithm.ts'
import { type JweAlgorithms, type JweHeader, parseJweHeader } from './jwe-header.ts'

/** The longest JWE that is looked at unless an option says otherwise, in characters: room for a nested JWT of 8192. */
export const DEFAULT_MAX_JWE_LENGTH = 16_384

/** What a JWE must be before a key is looked for. */
export interface CompactJweRules extends JweAlgorithms {
  readonly maxTokenLength: number
}

/** A compact JWE that has been taken apart but not decrypted. */
export interface EncryptedJwe {
  readonly protectedHeader: JweHeader
  readonly encryptedKeyLength: number
}

/**
 * Parses a compact JWE up to its protected header (RFC 7516 §5.2 steps 1 to 4).
 *
 * @throws TokenError token_malformed, token_too_large, header_invalid, header_unsupported, algorithm_not_allowed
 */
export function parseCompactJwe(token: unknown, rules: CompactJweRules): EncryptedJwe {
  checkLength(token, rules.maxTokenLength)
  const segments = token.split('.')
  if (segments.length === 3) {
    throw new TokenError('token_malformed', 'The token is a JWS, three segments: it is not encrypted.')
  }
  const [header = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = segments
  if (segments.length !== 5 || header === '') {
    throw new TokenError('token_malformed', 'The token is not the five segments of a JWE with a dot between them.')
  }
  const lengths = [encryptedKey, iv, ciphertext, tag].map((segment) => decodeSegment(segment).length)
  const protectedHeader = parseJweHeader(decodeSegment(header), rules)
  checkLengths(protectedHeader, lengths)
  return { protectedHeader, encryptedKeyLength: lengths[0] ?? 0 }
}

function checkLengths({ alg, enc }: JweHeader, lengths: readonly number[]): void {
  const [encryptedKeyLength = 0, ivLength = 0, ciphertextLength = 0, tagLength = 0] = lengths
  const { family, isWrapped } = getKeyManagementParameters(alg)
  const content = getContentEncryptionParameters(enc)
  // What RSA encrypts to is as long as the modulus, which is known once there is a key.
  const isKeySound =
    family === 'rsa' ? encryptedKeyLength > 0 : encryptedKeyLength === (isWrapped ? content.keyLength + 8 : 0)
  refuseUnless(isKeySound, 'encrypted key')
  refuseUnless(ivLength === content.ivLength, 'initialization vector')
  refuseUnless(tagLength === content.tagLength, 'authentication tag')
  const { blockLength } = content
  refuseUnless(ciphertextLength % blockLength === 0 && (blockLength === 1 || ciphertextLength > 0), 'ciphertext')
}

function refuseUnless(isSound: boolean, part: string): void {
  if (!isSound) throw new TokenError('token_malformed', `The ${part} of the token is not as long as it has to be.`)
}
