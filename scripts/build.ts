// `npm run build`: makes every package as it is published, in its dist folder, from nothing.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { listFiles } from './repository-files.ts'
import { runCommand, stopWithCommands } from './run-command.ts'

const root = join(import.meta.dirname, '..')
// The page needs the first two; the others say under which terms they are passed on.
const apiPageFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE']

if (import.meta.main) {
  stopWithCommands()
  process.exitCode = await build()
}

async function build(): Promise<number> {
  const packages = packageFolders()
  for (const folder of packages) clean(folder)
  const { code, output } = await runCommand(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: root })
  if (code !== 0) {
    console.error(output)
    return code
  }
  for (const folder of packages) leaveOutTests(folder)
  copyApiPage(join(root, 'node_modules', 'swagger-ui-dist'), join(root, 'packages', 'server', 'dist', 'pages', 'api'))
  console.log(`Built ${packages.join(', ')}.`)
  return 0
}

/** Copies the parts of Swagger UI that the API page loads. */
export function copyApiPage(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of apiPageFiles) copyFileSync(join(from, name), join(to, name))
}

function packageFolders(): string[] {
  const manifests = listFiles(root).filter((path) => /^packages\/[^/]+\/tsconfig\.json$/.test(path))
  return manifests.map((path) => path.slice(0, -'/tsconfig.json'.length))
}

// tsc takes what its tsbuildinfo names for built, whether or not it is still there.
function clean(folder: string): void {
  for (const name of ['dist', 'tsconfig.tsbuildinfo'])
    rmSync(join(root, folder, name), { recursive: true, force: true })
}

function leaveOutTests(folder: string): void {
  const dist = join(root, folder, 'dist')
  if (!existsSync(dist)) return
  for (const path of listFiles(dist))
    if (/^test\/|\.(test|contract)\.(d\.ts|js)(\.map)?$/.test(path)) rmSync(join(dist, path))
}
