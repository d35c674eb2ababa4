/**
 * Owns the buffer in which tokens are taken apart. One for all verifiers, used again for each token: a new one for each
 * made an HS256 check 8 % slower.
 *
 * What is in it holds until the next token is opened, so it must have been used up before anything runs that might open
 * one: an `await`, a resolver, `now`. It is never handed to an asynchronous function, and nothing that leaves the package
 * is a view of it.
 */
import { DEFAULT_MAX_TOKEN_LENGTH } from './compact-jws.ts'

/** The longest token that fits, in characters; the default of `maxTokenLength`. */
export const SCRATCH_TOKEN_LENGTH: number = DEFAULT_MAX_TOKEN_LENGTH

/** Two bytes for each character: the text of the token, and behind it whatever its segments hold. */
const shared = allocate(SCRATCH_TOKEN_LENGTH)

/** Gets a buffer with room for twice a token of some length; its content is left over from before. */
export function getScratch(tokenLength: number): Buffer<ArrayBuffer> {
  return tokenLength <= SCRATCH_TOKEN_LENGTH ? shared : allocate(tokenLength)
}

/** Writes a token at the start of the buffer, or finds that it is not ASCII. */
export function writeToScratch(token: string): Buffer<ArrayBuffer> | undefined {
  const scratch = getScratch(token.length)
  // As UTF-8, so that a character which is not ASCII shows in the length, and none is bent into another. With the encoding named,
  // node:buffer looks it up each time, 1.5 µs behind a signature check.
  return scratch.write(token) === token.length ? scratch : undefined
}

/** Not from the pool of node:buffer, whose memory is shared with the rest of the program. */
function allocate(tokenLength: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(2 * tokenLength)
}
