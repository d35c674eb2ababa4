/**
 * Owns the tokens that a verifier has found to be good a moment ago. A token is known by its whole text, never by a digest
 * or a part of it, so that no other token can take its place; whatever has to do with time is checked again each time. A mark of
 * the end of its signature only says with which text to compare: as the key of a map, a text is read from end to end, 2 µs for each
 * token that is not there.
 *
 * There are two generations. A token that is found in the older one joins the younger; when that is full it becomes the
 * older one, and what was in that goes as a whole, as nobody has asked for it since. So the tokens in use stay, a flood of
 * new ones costs each of them its place in a map and no more, and nothing is ever searched for what to leave out.
 *
 * A token is kept when it comes for the second time. One that comes once would only be memory that lives long enough to be moved
 * about by the collector: 14 µs a request where every token is new.
 */
import { type ClaimRules, type ClaimTimes, checkTimes } from './check-claims.ts'
import { checkLength } from './compact-jws.ts'

/** How much of the end of a token its mark is made of, in characters: no two signatures end alike. */
const MARKED_LENGTH = 16

/** What must hold for a token that comes again. */
export interface VerifiedTokenRules extends ClaimRules {
  /** How many tokens there are at most; an odd number counts as one more. */
  readonly cacheSize: number
  readonly maxTokenLength: number
  readonly now: () => number
}

interface Entry<Verified> {
  readonly token: string
  readonly times: ClaimTimes
  readonly verified: Verified
}

/** Holds the last tokens of one verifier, and what it made of them. */
export class VerifiedTokens<Verified> {
  readonly #rules: VerifiedTokenRules
  readonly #copy: (text: string) => string
  readonly #sizeOfGeneration: number
  /** One mark for each token that came lately. */
  readonly #marks: Int32Array
  /** By their marks. */
  #younger = new Map<number, Entry<Verified>>()
  #older = new Map<number, Entry<Verified>>()

  /** `copy` makes a text that is equal to another and shares no memory with it. */
  constructor(rules: VerifiedTokenRules, copy: (text: string) => string) {
    this.#rules = rules
    this.#copy = copy
    this.#sizeOfGeneration = Math.ceil(rules.cacheSize / 2)
    this.#marks = new Int32Array(4 * this.#sizeOfGeneration + 1)
  }

  /**
   * Finds what was made of a token, if it is good at this moment too.
   *
   * @throws TokenError token_malformed, token_too_large, token_expired, token_not_yet_valid, token_too_old
   */
  find(token: unknown): Verified | undefined {
    checkLength(token, this.#rules.maxTokenLength)
    const mark = markOf(token)
    const entry = this.#younger.get(mark) ?? this.#promote(mark)
    if (entry === undefined || entry.token !== token) return undefined
    checkTimes(entry.times, this.#rules, this.#rules.now())
    return entry.verified
  }

  /** Takes a token that passed every check; it is kept when it comes for the second time, in the place of another with its mark. */
  add(token: string, times: ClaimTimes, verified: Verified): void {
    const mark = markOf(token)
    if (!this.#hasComeBefore(mark)) return
    // A slice of a string keeps the whole of it: the copy does not hold on to the request that it came in.
    this.#put(mark, { token: this.#copy(token), times, verified })
  }

  /** Tells whether a token has probably come before; a wrong yes only keeps a token too early. */
  #hasComeBefore(mark: number): boolean {
    const place = (mark >>> 0) % this.#marks.length
    const isMarked = this.#marks[place] === mark
    this.#marks[place] = mark
    return isMarked
  }

  #promote(mark: number): Entry<Verified> | undefined {
    const entry = this.#older.get(mark)
    if (entry !== undefined) this.#put(mark, entry)
    return entry
  }

  #put(mark: number, entry: Entry<Verified>): void {
    if (this.#younger.size >= this.#sizeOfGeneration) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(mark, entry)
  }
}

function markOf(token: string): number {
  let mark = token.length
  for (let at = token.length - MARKED_LENGTH; at < token.length; at += 1) {
    mark = Math.imul(mark ^ token.charCodeAt(at), 0x01000193)
  }
  return mark
}
