import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

const bench = join(import.meta.dirname, '..')
// Below node_modules, so that the program finds its packages.
const folder = join(bench, 'node_modules', '.cache', 'peers')

/** Writes a program of peers/ without its types and returns the path: its start shall not pay for TypeScript. */
export function asJavaScript(name: string): string {
  const source = readFileSync(join(import.meta.dirname, 'peers', name), 'utf8')
  const program = join(folder, name.replace(/\.ts$/, '.mjs'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(program, stripTypeScriptTypes(source))
  return program
}
