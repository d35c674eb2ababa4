/** A secret in a file, as orchestrators and agents of secrets managers put it there. */
import { readFileSync } from 'node:fs'
import { SecretSourceError } from './secret-source-error.ts'

/** Reads the file that a setting names. @throws SecretSourceError that begins with the name of the setting */
export function readSecretFile(setting: string, path: string): string {
  let text = ''
  try {
    text = withoutLineEnd(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SecretSourceError(`${setting} cannot be read: ${(error as Error).message}`)
  }
  if (text === '') throw new SecretSourceError(`${setting} names a file that is empty: write the secret into it`)
  return text
}

/** A file, and a secret that was written from one, often end with a line end that nobody meant. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
