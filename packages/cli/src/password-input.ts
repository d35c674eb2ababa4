/** How a password comes in: from stdin, or typed without being shown, or made here. Never as an argument, which everyone on the machine can read. */
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { misuse, refuse } from './outcome.ts'
import { readStdin, type Terminal } from './terminal.ts'

export interface PasswordInput {
  readonly password: string
  /** Whether nobody knows it yet: it has to be shown this once. */
  readonly isNew: boolean
}

/** Reads a password from stdin if told so, asks for one at a terminal, and makes one otherwise. */
export async function readPassword(terminal: Terminal, fromStdin: boolean | undefined): Promise<PasswordInput> {
  if (fromStdin)
    return { password: (await readStdin(terminal)) || misuse('There is no password on stdin.'), isNew: false }
  if (!terminal.stdin.isTTY) return makePassword()
  const password = await ask(terminal, 'Password (empty to have one made): ')
  if (password === '') return makePassword()
  if ((await ask(terminal, 'Once more: ')) !== password) refuse('The two passwords differ.')
  return { password, isNew: false }
}

function makePassword(): PasswordInput {
  return { password: randomBytes(18).toString('base64url'), isNew: true }
}

async function ask(terminal: Terminal, question: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: terminal.stdin, output: unseen, terminal: true })
  const brokenOff = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
  // Only now, when what is typed is not shown any more.
  terminal.say(question)
  const answer = await Promise.race([lines.question(''), brokenOff])
  lines.close()
  terminal.say('\n')
  return answer ?? refuse('No password was given; nothing is done.')
}
