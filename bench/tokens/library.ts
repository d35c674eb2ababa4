import type { Subject } from './subject.ts'

/** Does one operation: on the token, or for the claims, of that number. */
export type Operation = (index: number) => unknown

/** A library as its documentation says to use it at its fastest: keys imported before. */
export interface Library {
  name: string
  /** Operations return promises, and so many are under way at once. */
  inFlight?: number
  /**
   * Makes what verifies `tokens` with signature, algorithm, iss, aud, exp and nbf, and remembers none of them; nothing where
   * it lacks the algorithm.
   */
  createVerify(subject: Subject, tokens: readonly string[]): MaybeLater<Operation | undefined>
  /** Makes what does the same with the library's cache of verified tokens, if it has one; each text is made anew. */
  createVerifyAgain?(subject: Subject, makeToken: (index: number) => string): Operation
  /** Makes what signs the claims and returns the token. */
  createSign(subject: Subject): MaybeLater<Operation | undefined>
}

export type MaybeLater<Value> = Value | Promise<Value>
