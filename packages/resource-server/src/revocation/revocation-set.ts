/**
 * Owns what is revoked, as a verifier holds it: small, and asked in a fraction of a microsecond.
 *
 * Sessions, tokens and users, of which there may be hundreds of thousands, are in one table with open addressing: 64 bits of a hash, the
 * not-before and the end, 16 bytes a place and at most 80 % of them taken; it grows by half. Two things with the same 64 bits cannot be
 * told apart: among 400,000 entries that makes one in 10^13 tokens be refused by mistake, and none be accepted. The hash begins with
 * random numbers of the process, so that nobody can prepare such things. Clients and keys are few, and in maps.
 */
import type { RevocationEntry, RevocationKind } from '@countersign/token/revocations'

/** What a token says of itself that an entry may revoke. */
export interface TokenMarks {
  readonly sid?: string | undefined
  readonly jti?: string | undefined
  readonly sub?: string | undefined
  readonly clientId?: string | undefined
  /** A token without one may be signed with any key, and so with a revoked one. */
  readonly kid?: string | undefined
  /** Epoch seconds; a token without one counts as issued at the beginning of time. */
  readonly iat?: number | undefined
}

interface Mark {
  notBefore: number
  expiresAt: number
}

const PLACES = 1024
const MAX_LOAD = 0.8
const GROWTH = 1.5
/** The last moment that the table can hold, in the year 2106; a later one must not begin again at 1970. */
const LAST_TIME = 2 ** 32 - 1

const random = crypto.getRandomValues(new Uint32Array(2))
const [seedLow = 0, seedHigh = 0] = random

/** The two halves of the last hash; a function that returned both would have to make an object. */
let low = 0
let high = 0

/** Holds entries until they have expired. */
export class RevocationSet {
  #low = new Uint32Array(PLACES)
  #high = new Uint32Array(PLACES)
  #notBefore = new Uint32Array(PLACES)
  #expiresAt = new Uint32Array(PLACES)
  #taken = 0
  readonly #clients = new Map<string, Mark>()
  readonly #keys = new Map<string, Mark>()
  readonly #all: Mark = { notBefore: 0, expiresAt: 0 }

  /** How many entries there are, expired ones that were not removed yet among them. */
  get size(): number {
    return this.#taken + this.#clients.size + this.#keys.size + (this.#all.expiresAt > 0 ? 1 : 0)
  }

  /** How much memory the table takes, in bytes. */
  get byteLength(): number {
    return 16 * this.#low.length
  }

  /** Adds an entry; of two for the same thing the later not-before and the later end hold. */
  add([kind, value, notBefore, expiresAt]: RevocationEntry): void {
    if (kind === 'c' || kind === 'k') merge(kind === 'c' ? this.#clients : this.#keys, value, notBefore, expiresAt)
    else if (kind === 'g') raise(this.#all, notBefore, expiresAt)
    else this.#put(kind, value, notBefore, expiresAt)
  }

  /** Finds what revokes a token, if anything does. An entry holds until it is removed. */
  find({ sid, jti, sub, clientId, kid, iat = 0 }: TokenMarks): RevocationKind | undefined {
    if (iat < this.#all.notBefore) return 'g'
    if (this.#keys.size > 0 && (kid === undefined || this.#keys.has(kid))) return 'k'
    if (this.#clients.size > 0 && clientId !== undefined && iat < (this.#clients.get(clientId)?.notBefore ?? 0))
      return 'c'
    if (this.#taken === 0) return undefined
    if (sid !== undefined && this.#notBeforeOf('s', sid) !== -1) return 's'
    if (jti !== undefined && this.#notBeforeOf('j', jti) !== -1) return 'j'
    if (sub !== undefined && iat < this.#notBeforeOf('u', sub)) return 'u'
    return undefined
  }

  /** Removes what has expired at a moment, in epoch seconds. */
  removeExpired(now: number): void {
    for (const marks of [this.#clients, this.#keys])
      for (const [value, { expiresAt }] of marks) if (expiresAt < now) marks.delete(value)
    if (this.#all.expiresAt < now) Object.assign(this.#all, { notBefore: 0, expiresAt: 0 })
    const live = this.#expiresAt.reduce((count, expiresAt) => count + (expiresAt >= now && expiresAt > 0 ? 1 : 0), 0)
    if (live < this.#taken) this.#rebuild(Math.max(PLACES, Math.ceil(live / MAX_LOAD / 0.75)), now)
  }

  #put(kind: RevocationKind, value: string, notBefore: number, expiresAt: number): void {
    hash(kind, value)
    this.#putHash(notBefore, expiresAt)
  }

  #putHash(givenNotBefore: number, givenEnd: number): void {
    const [notBefore, expiresAt] = [Math.min(givenNotBefore, LAST_TIME), Math.min(givenEnd, LAST_TIME)]
    if (this.#taken + 1 > this.#low.length * MAX_LOAD) {
      const [heldLow, heldHigh] = [low, high]
      this.#rebuild(Math.ceil(this.#low.length * GROWTH), 0)
      low = heldLow
      high = heldHigh
    }
    let place = this.#home()
    while (!this.#isFree(place) && !this.#isHere(place)) place = this.#next(place)
    if (this.#isFree(place)) {
      this.#taken += 1
      this.#low[place] = low
      this.#high[place] = high
    }
    this.#notBefore[place] = Math.max(this.#notBefore[place] as number, notBefore)
    this.#expiresAt[place] = Math.max(this.#expiresAt[place] as number, expiresAt)
  }

  /** The not-before of an entry, 0 if it has none, -1 if there is no such entry. */
  #notBeforeOf(kind: RevocationKind, value: string): number {
    hash(kind, value)
    let place = this.#home()
    while (!this.#isFree(place)) {
      if (this.#isHere(place)) return this.#notBefore[place] as number
      place = this.#next(place)
    }
    return -1
  }

  #rebuild(places: number, now: number): void {
    const [lows, highs, notBefores, ends] = [this.#low, this.#high, this.#notBefore, this.#expiresAt]
    this.#low = new Uint32Array(places)
    this.#high = new Uint32Array(places)
    this.#notBefore = new Uint32Array(places)
    this.#expiresAt = new Uint32Array(places)
    this.#taken = 0
    for (let place = 0; place < lows.length; place += 1) {
      const expiresAt = ends[place] as number
      if (expiresAt === 0 || expiresAt < now) continue
      low = lows[place] as number
      high = highs[place] as number
      this.#putHash(notBefores[place] as number, expiresAt)
    }
  }

  #home(): number {
    return Math.floor((low * this.#low.length) / 0x1_0000_0000)
  }

  #next(place: number): number {
    return place + 1 === this.#low.length ? 0 : place + 1
  }

  #isFree(place: number): boolean {
    return this.#expiresAt[place] === 0
  }

  #isHere(place: number): boolean {
    return this.#low[place] === low && this.#high[place] === high
  }
}

function merge(marks: Map<string, Mark>, value: string, notBefore: number, expiresAt: number): void {
  const mark = marks.get(value)
  if (mark === undefined) marks.set(value, { notBefore, expiresAt })
  else raise(mark, notBefore, expiresAt)
}

function raise(mark: Mark, notBefore: number, expiresAt: number): void {
  mark.notBefore = Math.max(mark.notBefore, notBefore)
  mark.expiresAt = Math.max(mark.expiresAt, expiresAt)
}

/** Hashes a thing into `low` and `high`: two chains of multiplications, mixed at the end. No cryptography, and none is needed. */
function hash(kind: RevocationKind, value: string): void {
  let a = seedLow ^ kind.charCodeAt(0)
  let b = seedHigh ^ value.length
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  low = (a ^ (a >>> 15)) >>> 0
  high = (b ^ (b >>> 15)) >>> 0
}
