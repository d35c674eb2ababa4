// Answers as Vault and OpenBao do, as far as a server that starts asks them: written after the sources of OpenBao 2.6, which has these
// paths from Vault. It is strict where they are, and it repeats tokens in its errors, which they do not: nobody may print those.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

type Fields = Readonly<Record<string, unknown>>

export interface VaultOptions {
  /** The token that may do everything; others come from signing in. */
  readonly token: string
  /** Each below the path of its mount: `secret/` has version 2, `old/` version 1. `null` is deleted. */
  readonly secrets?: Readonly<Record<string, Fields | null>>
  /** The one namespace that there is, if not the root. */
  readonly namespace?: string
  readonly appRole?: { readonly roleId: string; readonly secretId: string }
  readonly kubernetes?: { readonly role: string; readonly jwt: string }
  readonly tls?: { readonly key: string; readonly cert: string }
}

export interface VaultDouble {
  readonly url: string
  /** What was asked, as `GET secret/data/app`. */
  readonly calls: readonly string[]
  /** Answers to come before the usual ones. `hang` never comes. */
  readonly faults: (number | 'hang' | 'break')[]
  sealed: boolean
  /** Whether the token may do anything. */
  denies: boolean
  /** Tokens that are good at this moment. */
  readonly tokens: ReadonlySet<string>
  stop(): Promise<void>
}

interface Call {
  readonly method: string
  readonly path: string
  readonly token: string
  readonly body: Record<string, string>
}

interface Answer {
  readonly status: number
  readonly json?: object
}

const mounts = { 'secret/': { version: '2' }, 'old/': null, 'transit/': null }

/** Starts one on a free port. */
export async function startVault(t: TestContext, options: VaultOptions): Promise<VaultDouble> {
  const calls: string[] = []
  const tokens = new Set([options.token])
  const transit = createTransit()
  const double = { calls, tokens, faults: [] as VaultDouble['faults'], sealed: false, denies: false }

  function answer(call: Call): Answer {
    if (double.sealed) return refuse(503, 'Vault is sealed')
    const signedIn = signIn(call, options)
    if (signedIn !== undefined) {
      if (signedIn.token !== undefined) tokens.add(signedIn.token)
      return signedIn
    }
    if (!tokens.has(call.token) || double.denies) return refuse(403, `permission denied for ${call.token}`)
    if (call.path === 'auth/token/revoke-self') {
      tokens.delete(call.token)
      return { status: 204 }
    }
    return transit(call) ?? readMount(call.path) ?? readSecret(call, options.secrets ?? {})
  }

  const listener: RequestListener = async (request, response) => {
    const call = await readCall(request)
    calls.push(`${call.method} ${call.path}`)
    const fault = double.faults.shift()
    if (fault === 'hang') return
    if (fault === 'break') return void request.socket.destroy()
    const inNamespace = (request.headers['x-vault-namespace'] ?? '') === (options.namespace ?? '')
    const isVaults = request.headers['x-vault-request'] === 'true'
    const { status, json } =
      fault !== undefined
        ? refuse(fault, `told to, ${call.token}`)
        : inNamespace && isVaults
          ? answer(call)
          : refuse(isVaults ? 404 : 412, `no handler for route ${call.path}`)
    response.writeHead(status, { 'content-type': 'application/json' }).end(json && JSON.stringify(json))
  }
  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(stop)
  const url = `http${options.tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(double, { url, stop })
}

function refuse(status: number, ...errors: string[]): Answer {
  return { status, json: { errors } }
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const path = decodeURIComponent((request.url ?? '').replace(/^\/v1\//, ''))
  const content = await text(request)
  const body = content === '' ? {} : JSON.parse(content)
  return { method: request.method ?? '', path, token: String(request.headers['x-vault-token'] ?? ''), body }
}

function signIn(
  { method, path, body }: Call,
  { appRole, kubernetes }: VaultOptions,
): (Answer & { token?: string }) | undefined {
  if (method !== 'POST' || !/^auth\/[\w-]+\/login$/.test(path)) return undefined
  const isKnown =
    path === 'auth/approle/login'
      ? appRole !== undefined && body.role_id === appRole.roleId && body.secret_id === appRole.secretId
      : path === 'auth/kubernetes/login' &&
        kubernetes !== undefined &&
        body.role === kubernetes.role &&
        body.jwt === kubernetes.jwt
  if (!isKnown) return refuse(path === 'auth/approle/login' ? 400 : 403, `not known: ${JSON.stringify(body)}`)
  const token = `hvs.${randomBytes(12).toString('base64url')}`
  return { status: 200, token, json: { auth: { client_token: token, lease_duration: 3600, renewable: true } } }
}

/** As sys/internal/ui/mounts, which says no more of what is not there than of what is forbidden. */
function readMount(path: string): Answer | undefined {
  const asked = /^sys\/internal\/ui\/mounts\/(.+)$/.exec(path)?.[1]
  if (asked === undefined) return undefined
  const mount = Object.entries(mounts).find(([name]) => `${asked}/`.startsWith(name))
  if (mount === undefined) return refuse(403, `preflight capability check returned 403 for ${asked}`)
  return { status: 200, json: { data: { path: mount[0], type: 'kv', options: mount[1] } } }
}

function readSecret({ method, path }: Call, secrets: NonNullable<VaultOptions['secrets']>): Answer {
  if (method !== 'GET') return refuse(405, 'unsupported operation')
  if (path.startsWith('old/')) {
    const fields = secrets[path]
    return fields ? { status: 200, json: { data: fields } } : refuse(404)
  }
  const [, below] = /^secret\/data\/(.+)$/.exec(path) ?? []
  if (below === undefined) return refuse(404, `Invalid path for a versioned K/V secrets engine: ${path}`)
  const fields = secrets[`secret/${below}`]
  if (fields === undefined) return refuse(404)
  const metadata = { version: 3, destroyed: false, deletion_time: fields === null ? '2026-01-01T00:00:00Z' : '' }
  return { status: fields === null ? 404 : 200, json: { data: { data: fields, metadata } } }
}

/** One AEAD key, named countersign, and an RSA key, which takes no associated data. */
function createTransit(): (call: Call) => Answer | undefined {
  const key = randomBytes(32)

  function encrypt({ plaintext = '', associated_data = '' }: Record<string, string>): Answer {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated_data, 'base64'))
    const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()])
    return { status: 200, json: { data: { ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 } } }
  }

  function decrypt({ ciphertext = '', associated_data = '' }: Record<string, string>): Answer {
    const sealed = Buffer.from(ciphertext.replace(/^vault:v1:/, ''), 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      decipher.setAAD(Buffer.from(associated_data, 'base64')).setAuthTag(sealed.subarray(-16))
      const bytes = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
      return { status: 200, json: { data: { plaintext: bytes.toString('base64') } } }
    } catch {
      return refuse(400, 'cipher: message authentication failed')
    }
  }

  return ({ method, path, body }) => {
    const [, act, name] = /^transit\/(encrypt|decrypt)\/(.+)$/.exec(path) ?? []
    if (act === undefined || method !== 'POST') return undefined
    if (name === 'rsa' && body.associated_data)
      return refuse(400, "'[0].associated_data' provided for non-AEAD cipher suite rsa-4096")
    if (name !== 'countersign') return refuse(400, 'encryption key not found')
    return act === 'encrypt' ? encrypt(body) : decrypt(body)
  }
}
