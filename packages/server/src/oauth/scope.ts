/** Scope as RFC 6749 §3.3 writes it: tokens of printable characters, separated by single spaces, order without meaning. */

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Tells whether a word can be a scope token (RFC 6749 §3.3). */
export function isScopeToken(word: string): boolean {
  return scopeToken.test(word)
}

/** Splits a scope value into its tokens, without repeats; `undefined` when it is malformed (RFC 6749 §3.3). */
export function parseScope(value: string): string[] | undefined {
  const words = value.split(' ').filter((word) => word !== '')
  return words.every(isScopeToken) ? [...new Set(words)] : undefined
}
