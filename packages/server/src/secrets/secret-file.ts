/** A secret in a file, as orchestrators and agents of secrets managers put it there. */
import { existsSync, readFileSync } from 'node:fs'
import { SecretSourceError } from './secret-source-error.ts'

/**
 * Reads the file that a setting names. What it names may be the secret itself, by mistake: it is never repeated.
 * @throws SecretSourceError that begins with the name of the setting
 */
export function readSecretFile(setting: string, path: string): string {
  let text = ''
  try {
    text = withoutLineEnd(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code = 'no file' } = error as NodeJS.ErrnoException
    const mend =
      code === 'EACCES' ? 'this user may not read that file' : 'it must be the path of a file, not what is in it'
    throw new SecretSourceError(`${setting} cannot be read (${code}): ${mend}`)
  }
  if (text === '') throw new SecretSourceError(`${setting} names a file that is empty: write the secret into it`)
  return text
}

/** Gives a path as it may be shown: one that leads to something. Anything else may be the secret itself. */
export function showPath(path: string): string | undefined {
  return existsSync(path) ? path : undefined
}

/** A file, and a secret that was written from one, often end with a line end that nobody meant. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
