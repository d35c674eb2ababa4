/**
 * Owns the protected headers that a verifier has seen a valid signature over, so that the tokens of one key, whose
 * headers are the same to the letter, have theirs parsed and checked once: 1 to 2 µs less for each of the others.
 *
 * What is kept is what the text of the header says, and it was found to be acceptable to this verifier (`alg`, `typ`, no
 * `crit`); never a key. The key is chosen anew for every token, and its signature checked, so that a key which is gone
 * verifies nothing. A stranger's header never gets in, or strangers could fill the list.
 */
import type { KnownHeader, KnownHeaders } from './compact-jws.ts'
import { copyText } from './copy-text.ts'
import type { ProtectedHeader } from './protected-header.ts'

const MAX_HEADERS = 8

/** Holds the last few proven headers of one verifier. */
export class ProvenHeaders implements KnownHeaders {
  readonly #headers: KnownHeader[] = []

  /** Finds the header that a token begins with. */
  find(token: string): KnownHeader | undefined {
    for (const header of this.#headers) {
      if (token.startsWith(header.prefix)) return header
    }
    return undefined
  }

  /** Adds the header of a token; only after its signature was found valid. The oldest gives way. */
  add(token: string, protectedHeader: ProtectedHeader): void {
    // It is the very one that was found for the token, or a new one.
    if (this.#headers.some((known) => known.protectedHeader === protectedHeader)) return
    if (this.find(token) !== undefined) return
    // A slice of a string keeps the whole of it: the copy does not hold on to the token and its signature.
    const prefix = copyText(token.slice(0, token.indexOf('.') + 1))
    this.#headers.push({ prefix, protectedHeader })
    if (this.#headers.length > MAX_HEADERS) this.#headers.shift()
  }
}
