/** Owns the bytes of texts: new ones for each, since what waits for Web Crypto must not be written over. */

const utf8 = new TextEncoder()

/** Writes a text as UTF-8. */
export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(text)
}

/** Writes a token at the start of bytes that are twice as many as its characters, or finds that it is not ASCII. */
export function writeToken(token: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(2 * token.length)
  return utf8.encodeInto(token, bytes).written === token.length ? bytes : undefined
}
