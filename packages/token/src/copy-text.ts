/** Copies a text of ASCII, so that what keeps it does not hold on to the longer text that it is a slice of. */
export function copyText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
