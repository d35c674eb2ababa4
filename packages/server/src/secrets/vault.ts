/** Vault or OpenBao, signed in to: fields of the KV engine, and keys of the transit engine, which wrap and unwrap. */
import { z } from 'zod'
import type { TransitKey, TransitReference, VaultReference } from './reference.ts'
import { SecretSourceError } from './secret-source-error.ts'
import {
  callVault,
  readVaultConnection,
  type VaultAnswer,
  type VaultCall,
  type VaultEnvironment,
} from './vault-connection.ts'
import { signInToVault, signOutOfVault } from './vault-login.ts'

/** What a wrapped master key is bound to: the ciphertext of another use of the same key does not open. */
const associatedData = Buffer.from('countersign master key').toString('base64')

export interface Vault {
  /** Reads a field. @throws SecretSourceError */
  readField(reference: VaultReference): Promise<string>
  /** Wraps bytes with a key that stays there. @throws SecretSourceError */
  wrap(key: TransitKey, bytes: Uint8Array): Promise<string>
  /** Opens what `wrap` made. @throws SecretSourceError */
  unwrap(reference: TransitReference): Promise<Uint8Array>
  /** Gives back the token that this process has got. */
  close(): Promise<void>
}

/** Signs in to Vault. @throws SecretSourceError */
export async function openVault(env: VaultEnvironment): Promise<Vault> {
  const connection = readVaultConnection(env)
  const token = await signInToVault(connection, env)
  const ask: Ask = (call) => callVault(connection, { ...call, token: token.value })
  const { address } = connection
  return {
    readField: (reference) => readField(ask, address, reference),
    wrap: (key, bytes) => wrap(ask, address, key, bytes),
    unwrap: (reference) => unwrap(ask, address, reference),
    close: () => signOutOfVault(connection, token),
  }
}

type Ask = (call: Omit<VaultCall, 'token'>) => Promise<VaultAnswer>

const mountAnswer = z.object({
  data: z.object({ path: z.string(), options: z.object({ version: z.string().optional() }).nullish() }),
})
const firstVersion = z.object({ data: z.record(z.string(), z.unknown()) })
const secondVersion = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()).nullable() }) })

async function readField(ask: Ask, address: string, { path, field }: VaultReference): Promise<string> {
  const { apiPath, isSecondVersion } = await findApiPath(ask, address, path)
  const { status, json } = await ask({ method: 'GET', path: apiPath })
  const found = isSecondVersion
    ? secondVersion.safeParse(json).data?.data.data
    : firstVersion.safeParse(json).data?.data
  if (status === 404)
    throw new SecretSourceError(
      `Vault at ${address} has no secret at ${apiPath}, or its newest version is deleted (404): write it, or correct the path`,
    )
  if (status !== 200 || !found) throw refusal(address, status, `read ${apiPath}`)
  const value = Object.hasOwn(found, field) ? found[field] : undefined
  if (typeof value !== 'string')
    throw new SecretSourceError(
      `the secret at ${apiPath} has no text named ${JSON.stringify(field)}: write it, or correct the field`,
    )
  return value
}

/**
 * Finds the path of the API behind the one of `vault kv get`, as that command does: by the version of the engine that is mounted
 * there. A path that has the word data of the second version already is taken as it is.
 */
async function findApiPath(
  ask: Ask,
  address: string,
  path: string,
): Promise<{ apiPath: string; isSecondVersion: boolean }> {
  const { status, json } = await ask({ method: 'GET', path: `sys/internal/ui/mounts/${path}` })
  // An old Vault, which has this path and the second version not yet.
  if (status === 404) return { apiPath: path, isSecondVersion: false }
  const answer = mountAnswer.safeParse(json)
  if (status !== 200 || !answer.success) throw refusal(address, status, `read ${path}`)
  const { path: mount, options } = answer.data.data
  if (options?.version !== '2') return { apiPath: path, isSecondVersion: false }
  if (!path.startsWith(mount))
    throw new SecretSourceError(
      `Vault at ${address} has ${path} in another namespace: set VAULT_NAMESPACE to the one of the mount`,
    )
  const below = path.slice(mount.length)
  return { apiPath: `${mount}${below.startsWith('data/') ? below : `data/${below}`}`, isSecondVersion: true }
}

const wrapped = z.object({ data: z.object({ ciphertext: z.string() }) })
const unwrapped = z.object({ data: z.object({ plaintext: z.base64() }) })

async function wrap(ask: Ask, address: string, { mount, key }: TransitKey, bytes: Uint8Array): Promise<string> {
  const body = { plaintext: Buffer.from(bytes).toString('base64'), associated_data: associatedData }
  const { status, json } = await ask({ method: 'POST', path: `${mount}/encrypt/${key}`, body })
  const answer = wrapped.safeParse(json)
  if (status === 200 && answer.success) return answer.data.data.ciphertext
  throw refusal(address, status, `update ${mount}/encrypt/${key}`, `${keyMend} ${key}`)
}

async function unwrap(ask: Ask, address: string, { mount, key, ciphertext }: TransitReference): Promise<Uint8Array> {
  const body = { ciphertext, associated_data: associatedData }
  const { status, json } = await ask({ method: 'POST', path: `${mount}/decrypt/${key}`, body })
  const answer = unwrapped.safeParse(json)
  if (status === 200 && answer.success) return Buffer.from(answer.data.data.plaintext, 'base64')
  throw refusal(
    address,
    status,
    `update ${mount}/decrypt/${key}`,
    `it was wrapped by another key, or without countersign secret --wrap, or its version was taken away; or ${keyMend} ${key}`,
  )
}

const keyMend = 'there is no key (aes256-gcm96 or chacha20-poly1305, not derived) named'

function refusal(address: string, status: number, act: string, mendOf400?: string): SecretSourceError {
  const start = `Vault at ${address} refuses to ${act} (${status})`
  if (status === 400 && mendOf400 !== undefined) return new SecretSourceError(`${start}: ${mendOf400}`)
  return new SecretSourceError(
    `${start}: correct the path or VAULT_NAMESPACE, or give the token a policy that permits it`,
  )
}
