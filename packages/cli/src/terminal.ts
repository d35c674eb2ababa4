/** Where a command reads and writes: results go to stdout, messages to stderr. Text from elsewhere reaches neither as control characters. */
import type { ReadStream } from 'node:tty'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: ReadStream
  /** Writes a result to stdout. */
  print(text: string): void
  /** Writes a message to stderr. */
  say(text: string): void
}

/** Prints a result: one line of JSON, or text for people. */
export function printResult(terminal: Terminal, json: boolean | undefined, result: object, text: string): void {
  terminal.print(json ? `${JSON.stringify(result)}\n` : `${text}\n`)
}

/** Gives a text that moves no cursor and hides no letter on a terminal. */
export function showable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Sets rows in columns. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(showable))
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)))
  return shown
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Reads all of stdin as text, without the line end that a pipe adds. */
export async function readStdin({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '')
}
