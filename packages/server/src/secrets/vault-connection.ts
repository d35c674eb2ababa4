/** How Vault or OpenBao is reached: by the settings that its own command has, with a time-out, and again where that may help. */
import { type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { readSecretFile } from './secret-file.ts'
import { SecretSourceError } from './secret-source-error.ts'

/** How long one call may take, milliseconds. */
const patience = 5000
/** How long to wait before each further try, milliseconds. */
const pauses = [250, 1000]
/** No answer that is read here is larger, in bytes. */
const largestAnswer = 1 << 20

export type VaultEnvironment = Readonly<Record<string, string | undefined>>

export interface VaultConnection {
  readonly url: URL
  /** The address as messages have it. */
  readonly address: string
  readonly namespace: string | undefined
  /** Certificates to trust instead of the system's. */
  readonly ca: string | undefined
}

export interface VaultCall {
  readonly method: 'GET' | 'POST'
  /** Below /v1/, not yet encoded. */
  readonly path: string
  readonly token?: string
  readonly body?: object
}

export interface VaultAnswer {
  readonly status: number
  /** The JSON of the answer, or nothing. */
  readonly json: unknown
}

/** Reads where Vault is. @throws SecretSourceError that names the setting to mend */
export function readVaultConnection(env: VaultEnvironment): VaultConnection {
  const { VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT } = env
  if (!VAULT_ADDR)
    throw new SecretSourceError(
      'VAULT_ADDR is not set: give the address of Vault, such as https://vault.example.com:8200',
    )
  const url = URL.canParse(VAULT_ADDR) ? new URL(VAULT_ADDR) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new SecretSourceError('VAULT_ADDR must be an https URL without a user name')
  const { COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP: insecure = '' } = env
  if (!['', 'true', 'false'].includes(insecure))
    throw new SecretSourceError('COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP must be true or false')
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && insecure !== 'true')
    throw new SecretSourceError(
      'VAULT_ADDR must be https, or http on a loopback address; COUNTERSIGN_VAULT_ALLOW_INSECURE_HTTP=true sends secrets in the clear',
    )
  const address = `${url.origin}${url.pathname.replace(/\/$/, '')}`
  return {
    url,
    address,
    namespace: VAULT_NAMESPACE || undefined,
    ca: VAULT_CACERT ? readSecretFile('VAULT_CACERT', VAULT_CACERT) : undefined,
  }
}

/** Calls Vault, up to three times. @throws SecretSourceError when it does not answer, is sealed, or has too much to do */
export async function callVault(connection: VaultConnection, call: VaultCall): Promise<VaultAnswer> {
  for (const pause of [...pauses, undefined]) {
    try {
      return await callOnce(connection, call)
    } catch (error) {
      if (pause === undefined || !(error instanceof SecretSourceError && error.isTransient)) throw error
      await sleep(pause)
    }
  }
  throw new Error('the last try either answers or throws')
}

async function callOnce(connection: VaultConnection, call: VaultCall): Promise<VaultAnswer> {
  const { status, text } = await send(connection, call).catch((error: Error) => {
    throw describeFailure(connection, error)
  })
  const { address } = connection
  if (status === 503)
    throw new SecretSourceError(`Vault at ${address} is sealed or has no active server (503): unseal it`, {
      isTransient: true,
    })
  if (status === 429 || status === 412 || status >= 500)
    throw new SecretSourceError(`Vault at ${address} answers ${status}: look at its log`, { isTransient: true })
  if (status >= 300 && status < 400)
    throw new SecretSourceError(
      `Vault at ${address} sends elsewhere (${status}): set VAULT_ADDR to the server that answers itself`,
    )
  return { status, json: parseJson(text) }
}

function send(
  { url, namespace, ca }: VaultConnection,
  { method, path, token, body }: VaultCall,
): Promise<{ status: number; text: string }> {
  const target = new URL(url)
  target.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${path.split('/').map(encodeURIComponent).join('/')}`
  target.search = ''
  const content = body === undefined ? undefined : JSON.stringify(body)
  const headers: OutgoingHttpHeaders = {
    accept: 'application/json',
    // An agent that stands before Vault may ask for this header, which a browser or a confused server would not send.
    'x-vault-request': 'true',
    ...(token !== undefined && { 'x-vault-token': token }),
    ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    ...(content !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
  }
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      agent: false,
      signal: AbortSignal.timeout(patience),
      ...(ca !== undefined && { ca }),
    }
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(target, options, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject)
    })
    request.once('error', reject).end(content)
  })
}

async function readText(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    length += chunk.length
    if (length > largestAnswer) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function describeFailure({ address }: VaultConnection, error: NodeJS.ErrnoException): SecretSourceError {
  const code = error.code ?? error.message
  if (/^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH$)/.test(code))
    return new SecretSourceError(
      `Vault at ${address} cannot be trusted (${code}): set VAULT_CACERT to the file of its certificate authority, or correct VAULT_ADDR`,
    )
  const reason = error.name === 'AbortError' ? `within ${patience / 1000} seconds` : `(${code})`
  return new SecretSourceError(`Vault at ${address} does not answer ${reason}: start it, or correct VAULT_ADDR`, {
    isTransient: true,
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
