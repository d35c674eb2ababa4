// Installs the packages of a folder when its node_modules is missing or older than its manifests. Owns the stamp that tells,
// the lock between two starts, and the rule that an install never changes what package-lock.json says.
import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending */
/** @typedef {(command: string, args: string[], options: import('node:child_process').SpawnOptions) => Promise<Ending>} Run */

const longestInstall = 10 * 60_000
const compared = ['version', 'integrity', 'link', 'dependencies', 'devDependencies', 'optionalDependencies']

/**
 * Installs the packages of `folder` if they are not there as its manifests want them. Returns how npm ended when it failed.
 *
 * @param {string} folder
 * @param {{ run: Run, say: (line: string) => void }} context
 * @returns {Promise<Ending | undefined>}
 * @throws {Error} when the install changed what package-lock.json says
 */
export async function installIfNeeded(folder, { run, say }) {
  if (whyInstall(folder) === undefined) return undefined
  const unlock = await lock(folder, say)
  try {
    const why = whyInstall(folder)
    if (why === undefined) return undefined
    say(`Installing the packages of ${basename(folder)} with npm: ${why}.`)
    return await install(folder, run)
  } finally {
    unlock()
  }
}

/** @param {string} folder @param {Run} run */
async function install(folder, run) {
  const lockFile = join(folder, 'package-lock.json')
  const before = existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : ''
  const ending = await npm(folder, run)
  if (ending.code !== 0) return ending

  const after = readFileSync(lockFile, 'utf8')
  if (!saysTheSame(before, after)) {
    throw new Error(
      `npm install changed ${lockFile}: it did not say what the package.json files say. Look at the change, keep it or undo it, and start again.`,
    )
  }
  // npm 10 leaves out fields that npm 11 writes; without this every start with another npm would leave a changed file behind.
  if (after !== before) writeFileSync(lockFile, before)
  writeFileSync(stampFile(folder), stamp(folder))
  return undefined
}

/** @param {string} folder @param {Run} run */
function npm(folder, run) {
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional']
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
  )
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] }
  const { npm_execpath: program, npm_node_execpath: node } = process.env
  // Inside `npm start` the first `node` on the PATH is the one that this install may replace; npm's own is not.
  if (program && node && /^npm(-cli)?(\.[cm]?js)?$/.test(basename(program)))
    return run(node, [program, ...args], options)
  return run('npm', args, { ...options, shell: process.platform === 'win32' })
}

/** @param {string} folder */
function whyInstall(folder) {
  const file = stampFile(folder)
  if (!existsSync(file)) return 'they are not installed yet'
  if (readFileSync(file, 'utf8') !== stamp(folder)) return 'package-lock.json or a package.json has changed'
  return undefined
}

/** @param {string} folder */
function stampFile(folder) {
  return join(folder, 'node_modules', '.countersign-installed')
}

/** @param {string} folder */
function stamp(folder) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const manifest of ['package-lock.json', 'package.json', ...workspaceManifests(folder)]) {
    const path = join(folder, manifest)
    if (existsSync(path)) hash.update(`\n${manifest}\n`).update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** @param {string} folder */
function workspaceManifests(folder) {
  /** @type {string[]} */
  const patterns = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).workspaces ?? []
  return patterns.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [join(pattern, 'package.json')]
    const parent = pattern.slice(0, -2)
    if (!existsSync(join(folder, parent))) return []
    return readdirSync(join(folder, parent))
      .sort()
      .map((name) => join(parent, name, 'package.json'))
  })
}

/**
 * Tells whether two lock files install the same: an npm of another version or on another platform may add optional packages
 * and other fields.
 *
 * @param {string} before
 * @param {string} after
 */
function saysTheSame(before, after) {
  if (before === after) return true
  if (before === '') return false
  const [was, is] = [JSON.parse(before).packages, JSON.parse(after).packages]
  const added = Object.keys(is).filter((path) => !(path in was))
  if (added.some((path) => !is[path].optional)) return false
  return Object.keys(was).every(
    (path) =>
      path in is && compared.every((field) => JSON.stringify(was[path][field]) === JSON.stringify(is[path][field])),
  )
}

/**
 * Waits until no other process installs into `folder`, then keeps others out. A lock whose process is gone is void.
 *
 * @param {string} folder
 * @param {(line: string) => void} say
 */
async function lock(folder, say) {
  const file = join(folder, 'node_modules', '.countersign-installing')
  const own = `${file}.${process.pid}`
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  for (let tries = 0; !take(file, own); tries++) {
    if (isVoid(file)) rmSync(file, { force: true })
    else if (tries === 0) say('Another start is installing the packages; waiting for it.')
    await sleep(200)
  }
  return () => rmSync(file, { force: true })
}

/** @param {string} file @param {string} own */
function take(file, own) {
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** @param {string} file */
function isVoid(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > longestInstall) return true
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return false
  } catch (error) {
    // ENOENT: it has just been given back. EPERM: its process belongs to someone else, and lives.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH'
  }
}
