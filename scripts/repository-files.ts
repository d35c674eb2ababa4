import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const notOurs = new Set(['node_modules', 'dist', '__pycache__'])
const testRoots = ['apps', 'examples', 'packages', 'scripts', 'test']

/** Lists every file under `root` as a path with forward slashes, without what is installed, built or hidden. */
export function listFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.name.startsWith('.') || notOurs.has(entry.name)) return []
      if (entry.isDirectory()) return listFiles(root, path)
      return entry.isFile() ? [path] : []
    })
}

/** Picks the test files that `npm test` runs. */
export function collectTests(files: string[]): string[] {
  return files.filter((path) => path.endsWith('.test.ts') && testRoots.some((root) => path.startsWith(`${root}/`)))
}

/** Finds files that look like tests and that `npm test` would pass over in silence. */
export function findUncollectedTests(files: string[]): string[] {
  const collected = new Set(collectTests(files))
  return files.filter((path) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(path) && !collected.has(path))
}
