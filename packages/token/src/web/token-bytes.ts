/** Owns the bytes of texts: new ones for each, since what waits for Web Crypto must not be written over. */

const utf8 = new TextEncoder()
const ascii = new TextDecoder()

/** Writes a text as UTF-8. */
export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(text)
}

/** Writes a token at the start of bytes that are twice as many as its characters, or finds that it is not ASCII. */
export function writeToken(token: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(2 * token.length)
  return utf8.encodeInto(token, bytes).written === token.length ? bytes : undefined
}

/** Copies a text of ASCII, so that what keeps it does not hold on to the longer text that it is a slice of. */
export function copyText(text: string): string {
  return ascii.decode(utf8.encode(text))
}
