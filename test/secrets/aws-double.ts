// Answers as AWS Secrets Manager and AWS KMS do over the JSON protocol, to requests with a right signature (SigV4) alone. It repeats
// what it must not in its errors: nobody may print that.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

const region = 'eu-central-1'
const keyId = 'alias/countersign'

export interface AwsDouble {
  /** What the program has to be told to reach it. */
  readonly env: Readonly<Record<string, string>>
  /** What was asked, as `GetSecretValue`. */
  readonly calls: readonly string[]
  /** Answers to come before the usual ones, as `[503, 'ServiceUnavailableException']`. */
  readonly faults: (readonly [status: number, type: string])[]
  /** What a key has wrapped, with the context that it is bound to. */
  encrypt(bytes: Uint8Array, context: Readonly<Record<string, string>>): string
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly json: object
}

type Body = Readonly<Record<string, string>> & { readonly EncryptionContext?: Readonly<Record<string, string>> }

/** Starts one on a free port. A secret is text, or bytes. */
export async function startAws(
  t: TestContext,
  secrets: Readonly<Record<string, string | Uint8Array>>,
  accessKey: string,
): Promise<AwsDouble> {
  const calls: string[] = []
  const faults: [number, string][] = []
  const kms = createKms()

  function answer(target: string, body: Body): Answer {
    switch (target) {
      case 'secretsmanager.GetSecretValue': {
        const secret = Object.hasOwn(secrets, body.SecretId ?? '') ? secrets[body.SecretId ?? ''] : undefined
        if (secret === undefined) return refuse(400, 'ResourceNotFoundException')
        const value = typeof secret === 'string' ? { SecretString: secret } : { SecretBinary: toBase64(secret) }
        return { status: 200, json: { Name: body.SecretId, VersionStages: ['AWSCURRENT'], ...value } }
      }
      case 'TrentService.Encrypt':
        if (body.KeyId !== keyId) return refuse(400, 'NotFoundException')
        return {
          status: 200,
          json: { CiphertextBlob: kms.encrypt(fromBase64(body.Plaintext), body.EncryptionContext) },
        }
      case 'TrentService.Decrypt': {
        const bytes = kms.decrypt(body.CiphertextBlob, body.EncryptionContext)
        return bytes === undefined
          ? refuse(400, 'InvalidCiphertextException')
          : { status: 200, json: { Plaintext: toBase64(bytes) } }
      }
      default:
        return refuse(400, 'UnknownOperationException')
    }
  }

  const server = createServer(async (request, response) => {
    const content = await text(request)
    const target = String(request.headers['x-amz-target'])
    calls.push(target.split('.')[1] ?? '')
    const service = target.startsWith('secretsmanager.') ? 'secretsmanager' : 'kms'
    const fault = faults.shift()
    const { status, json } = fault
      ? refuse(fault[0], fault[1], accessKey)
      : isSigned(request, content, service, accessKey)
        ? answer(target, JSON.parse(content))
        : refuse(400, 'InvalidSignatureException', content)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(json))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(stop)
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: accessKey,
  }
  return { env, calls, faults, encrypt: kms.encrypt, stop }
}

function refuse(status: number, type: string, ...told: string[]): Answer {
  return { status, json: { __type: type, message: `told to refuse: ${told.join()}` } }
}

/** A key that opens only what was wrapped under the same context, in any order of its members. */
function createKms() {
  const key = randomBytes(32)
  const bind = (context: Readonly<Record<string, string>> = {}) =>
    Buffer.from(JSON.stringify(Object.entries(context).sort()))
  return {
    encrypt(bytes: Uint8Array, context?: Readonly<Record<string, string>>): string {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bind(context))
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString('base64')
    },
    decrypt(ciphertext = '', context?: Readonly<Record<string, string>>): Uint8Array | undefined {
      const sealed = fromBase64(ciphertext)
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
        decipher.setAAD(bind(context)).setAuthTag(sealed.subarray(-16))
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}

/** Computes the signature once more, from what is signed: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. */
function isSigned(
  { method, url, headers }: IncomingMessage,
  content: string,
  service: string,
  accessKey: string,
): boolean {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/
  const [, day = '', scopeRegion, scopeService, names = '', signature = ''] =
    pattern.exec(headers.authorization ?? '') ?? []
  const time = String(headers['x-amz-date'])
  if (scopeRegion !== region || scopeService !== service || !time.startsWith(day)) return false
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name))) return false
  const signedHeaders = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const request = [method, url, '', signedHeaders.join(''), names, sha256(content)].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (sofar, part) => hmac(sofar, part),
    `AWS4${accessKey}`,
  )
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

function hmac(key: string | Buffer, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest()
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function fromBase64(content = ''): Buffer {
  return Buffer.from(content, 'base64')
}
