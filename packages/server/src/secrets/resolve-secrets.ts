/**
 * Finds the secrets among the settings wherever they are: in the setting itself, in the file that NAME_FILE names, or where a
 * reference leads. What comes out is an environment that has each secret as its value. Runs once, at the start: after that the
 * places may be away.
 */
import { describeReference, parseReference, type Reference } from './reference.ts'
import { readSecretFile, withoutLineEnd } from './secret-file.ts'
import { SecretSourceError } from './secret-source-error.ts'

/** What a key elsewhere may have wrapped. */
const wrappable = new Set(['COUNTERSIGN_MASTER_KEY', 'COUNTERSIGN_PREVIOUS_MASTER_KEY'])

type Environment = Readonly<Record<string, string | undefined>>

/** Where a setting has its value from; `at` is a path or a reference. */
export interface Origin {
  readonly from: 'environment' | 'file' | 'reference'
  readonly at?: string
}

/** Why a secret cannot be had. */
export interface SecretProblem {
  readonly setting: string
  /** A sentence that begins with the name of the setting. */
  readonly text: string
  /** Whether the same may work later. */
  readonly isTransient: boolean
}

export interface ResolvedEnvironment {
  /** Has each secret that could be had as its value, and no NAME_FILE of it. */
  readonly env: Environment
  readonly origins: ReadonlyMap<string, Origin>
  readonly problems: readonly SecretProblem[]
}

/** Finds the secrets of these names. Tells every problem at once. */
export async function resolveSecrets(env: Environment, names: readonly string[]): Promise<ResolvedEnvironment> {
  const values = new Map<string, string>()
  const origins = new Map<string, Origin>()
  const problems: SecretProblem[] = []
  const sources = createSources(env)

  async function resolve(name: string): Promise<void> {
    const found = readText(env, name)
    if (found === undefined) return
    origins.set(name, found.origin)
    const reference = parseReference(found.text)
    if (reference !== undefined) origins.set(name, { from: 'reference', at: describeReference(reference) })
    values.set(name, reference === undefined ? found.text : await readReference(name, reference, sources))
  }

  async function tryToResolve(name: string): Promise<void> {
    try {
      await resolve(name)
    } catch (error) {
      if (!(error instanceof SecretSourceError)) throw error
      const { message, isTransient } = error
      problems.push({ setting: name, text: message.startsWith(name) ? message : `${name} ${message}`, isTransient })
    }
  }

  await Promise.all(names.map(tryToResolve))
  await sources.close()
  const replaced = new Set(names.flatMap((name) => [name, `${name}_FILE`]))
  const others = Object.entries(env).filter(([name]) => !replaced.has(name))
  return { env: Object.fromEntries([...others, ...values]), origins, problems: problems.sort(bySetting) }
}

function bySetting(a: SecretProblem, b: SecretProblem): number {
  return a.setting < b.setting ? -1 : 1
}

function readText(env: Environment, name: string): { text: string; origin: Origin } | undefined {
  const value = env[name]
  const path = env[`${name}_FILE`]
  if (!path) return value ? { text: value, origin: { from: 'environment' } } : undefined
  if (value) throw new SecretSourceError(`${name} and ${name}_FILE are both set: keep one`)
  return { text: readSecretFile(`${name}_FILE`, path), origin: { from: 'file', at: path } }
}

async function readReference(name: string, reference: Reference, sources: Sources): Promise<string> {
  try {
    return await followReference(name, reference, sources)
  } catch (error) {
    if (!(error instanceof SecretSourceError)) throw error
    throw new SecretSourceError(`cannot be had from ${describeReference(reference)}: ${error.message}`, error)
  }
}

async function followReference(name: string, reference: Reference, sources: Sources): Promise<string> {
  if (reference.kind === 'vault' || reference.kind === 'aws-secretsmanager') {
    const text = withoutLineEnd(await sources.read(reference))
    if (text === '') throw new SecretSourceError('it is empty there: write it')
    return text
  }
  if (!wrappable.has(name))
    throw new SecretSourceError('only a master key can be wrapped: keep this one in vault: or aws-secretsmanager:')
  const bytes = await sources.unwrap(reference)
  if (bytes.length !== 32)
    throw new SecretSourceError('what it opens to is not 32 bytes: make it with countersign secret --wrap')
  return Buffer.from(bytes).toString('base64url')
}

interface Sources {
  read(reference: Reference & { kind: 'vault' | 'aws-secretsmanager' }): Promise<string>
  unwrap(reference: Reference & { kind: 'vault-transit' | 'aws-kms' }): Promise<Uint8Array>
  close(): Promise<void>
}

/** The places, each opened once, when the first secret asks for it. */
function createSources(env: Environment): Sources {
  let opened: ReturnType<typeof openVault> | undefined
  const openVault = async () => (await import('./vault.ts')).openVault(env)
  const vault = () => {
    opened ??= openVault()
    return opened
  }
  return {
    async read(reference) {
      if (reference.kind === 'vault') return (await vault()).readField(reference)
      return (await import('./aws-secrets-manager.ts')).readAwsSecret(reference)
    },
    async unwrap(reference) {
      if (reference.kind === 'vault-transit') return (await vault()).unwrap(reference)
      return (await import('./aws-kms.ts')).unwrapWithKms(reference.ciphertext)
    },
    async close() {
      const vault = await opened?.catch(() => undefined)
      await vault?.close()
    },
  }
}
