// The rules of this repository that no tool knows. Each takes the paths of all files, reads those it must, and returns one
// sentence for each breach.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A rule: its breaches among `files`, each a path below `root`. */
export type HouseRule = (root: string, files: string[]) => string[]

const emptyNames = /^(utils?|helpers?|common|shared|misc)$/
const environmentReaders = [
  'packages/server/src/main.ts',
  'packages/cli/src/main.ts',
  'packages/resource-server/src/forward-auth/main.ts',
]
const environmentReads = [
  /\bprocess\s*(\?\.|\.)\s*env\b/,
  /\bprocess\s*(\?\.)?\[\s*['"`]env['"`]/,
  /\benv\b[^{};]*\}\s*=\s*(globalThis\s*\.\s*)?process\b/,
  /\bimport\s[^;'"]*\benv\b[^;'"]*from\s*['"](node:)?process['"]/,
]
const focus = [/\b(test|it|describe|suite)\.only\s*\(/, /\bonly:\s*true\b/]

/** Finds folders and files with a name that says nothing. */
export const findEmptyNames: HouseRule = (_root, files) => {
  const named = files.flatMap((path) => {
    const parts = path.split('/')
    return parts.flatMap((part, index) =>
      emptyNames.test(withoutExtension(part)) ? [parts.slice(0, index + 1).join('/')] : [],
    )
  })
  return [...new Set(named)].map((path) => `${path}: name it after what it does.`)
}

/** Finds tests that would keep all others from running. */
export const findFocusedTests: HouseRule = (root, files) =>
  files
    .filter((path) => isTest(path) && holds(root, path, focus))
    .map((path) => `${path}: a test marked with only keeps the others from running.`)

/** Finds code of packages, other than their start files and tests, that reads the environment. */
export const findEnvironmentReaders: HouseRule = (root, files) =>
  files
    .filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path))
    .filter((path) => !environmentReaders.includes(path) && holds(root, path, environmentReads))
    .map((path) => `${path}: only main.ts reads the environment; take the value as an option.`)

/** Finds packages for which biome.json has no rule of direction. */
export const findUndirectedPackages: HouseRule = (root, files) => {
  const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as {
    overrides: { includes: string[] }[]
  }
  const directed = new Set(overrides.flatMap(({ includes }) => includes))
  const packages = new Set(files.flatMap((path) => path.match(/^packages\/[^/]+(?=\/src\/)/) ?? []))
  return [...packages]
    .filter((path) => !directed.has(`${path}/src/**`))
    .map((path) => `${path}: biome.json does not say what it may import; add an override for ${path}/src/**.`)
}

interface Manifest {
  packages: Record<string, Record<string, unknown>>
}

/** Finds package.json files that say something else than package-lock.json. */
export const findLockDisagreements: HouseRule = (root, files) => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Manifest
  return files
    .filter((path) => /^((packages|apps)\/[^/]+\/)?package\.json$/.test(path))
    .filter((path) => {
      const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>
      const locked = lock.packages[path === 'package.json' ? '' : path.slice(0, -'/package.json'.length)]
      return lockedFields.some((field) => asText(manifest[field]) !== asText(locked?.[field]))
    })
    .map((path) => `${path}: package-lock.json says something else; run npm install and keep the change.`)
}

const lockedFields = ['name', 'dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

function asText(field: unknown): string {
  if (typeof field !== 'object' || field === null) return String(field)
  return JSON.stringify(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
}

// A contract suite is run by the tests of each implementation; src/test/ holds what tests use.
function isTest(path: string): boolean {
  return /\.(test|contract)\.ts$|\/src\/test\//.test(path)
}

function holds(root: string, path: string, patterns: RegExp[]): boolean {
  const code = withoutComments(readFileSync(join(root, path), 'utf8'))
  return patterns.some((pattern) => pattern.test(code))
}

// Rough, but an example in a comment may well read the environment. `://` is an address, not a comment.
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(?<!:)\/\/.*$/gm, '')
}

function withoutExtension(name: string): string {
  return name.replace(/\..*$/, '')
}
