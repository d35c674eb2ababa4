/** How Vault knows this program: by a token, as a service account of Kubernetes, or by AppRole. */
import { z } from 'zod'
import { readSecretFile } from './secret-file.ts'
import { SecretSourceError } from './secret-source-error.ts'
import { callVault, type VaultConnection, type VaultEnvironment } from './vault-connection.ts'

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'

export interface VaultToken {
  readonly value: string
  /** Whether it was given out to this process, which has to give it back. */
  readonly isOwn: boolean
}

/** Gets a token by the one way that is set. @throws SecretSourceError that names what to set */
export async function signInToVault(connection: VaultConnection, env: VaultEnvironment): Promise<VaultToken> {
  const ways = {
    'VAULT_TOKEN or VAULT_TOKEN_FILE': env.VAULT_TOKEN || env.VAULT_TOKEN_FILE,
    COUNTERSIGN_VAULT_KUBERNETES_ROLE: env.COUNTERSIGN_VAULT_KUBERNETES_ROLE,
    COUNTERSIGN_VAULT_APPROLE_ROLE_ID: env.COUNTERSIGN_VAULT_APPROLE_ROLE_ID,
  }
  const [way, another] = Object.entries(ways).flatMap(([name, value]) => (value ? [name] : []))
  if (way === undefined)
    throw new SecretSourceError(`nothing tells Vault who this is: set ${Object.keys(ways).join(', or ')}`)
  if (another !== undefined)
    throw new SecretSourceError(`${way} and ${another} are both set: keep one way to sign in to Vault`)
  const { COUNTERSIGN_VAULT_KUBERNETES_ROLE: role, COUNTERSIGN_VAULT_APPROLE_ROLE_ID: roleId } = env
  if (role) {
    const jwt = readSecretFile(
      'COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE',
      env.COUNTERSIGN_VAULT_KUBERNETES_TOKEN_FILE || serviceAccountToken,
    )
    return login(connection, env.COUNTERSIGN_VAULT_AUTH_MOUNT || 'kubernetes', { role, jwt })
  }
  if (roleId) {
    const secretId = readBootstrapSecret(env, 'COUNTERSIGN_VAULT_APPROLE_SECRET_ID')
    return login(connection, env.COUNTERSIGN_VAULT_AUTH_MOUNT || 'approle', { role_id: roleId, secret_id: secretId })
  }
  return { value: readBootstrapSecret(env, 'VAULT_TOKEN') ?? '', isOwn: false }
}

/** Gives back a token that was given out to this process: nothing needs it any more. Without an answer it ends by itself later. */
export async function signOutOfVault(connection: VaultConnection, { value, isOwn }: VaultToken): Promise<void> {
  if (!isOwn) return
  await callVault(connection, { method: 'POST', path: 'auth/token/revoke-self', token: value }).catch(() => {})
}

const loginAnswer = z.object({ auth: z.object({ client_token: z.string().min(1) }) })

async function login(connection: VaultConnection, mount: string, body: object): Promise<VaultToken> {
  const { status, json } = await callVault(connection, { method: 'POST', path: `auth/${mount}/login`, body })
  const answer = loginAnswer.safeParse(json)
  if (status === 200 && answer.success) return { value: answer.data.auth.client_token, isOwn: true }
  throw new SecretSourceError(
    `Vault at ${connection.address} refuses the sign-in at auth/${mount} (${status}): check the role, what it is bound to, and COUNTERSIGN_VAULT_AUTH_MOUNT`,
  )
}

/** Reads a secret that opens the source of others, and so cannot be kept there itself. */
function readBootstrapSecret(env: VaultEnvironment, name: string): string | undefined {
  const path = env[`${name}_FILE`]
  if (!path) return env[name] || undefined
  if (env[name]) throw new SecretSourceError(`${name} and ${name}_FILE are both set: keep one`)
  return readSecretFile(`${name}_FILE`, path)
}
