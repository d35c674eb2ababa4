/** Reads a body, JSON or a form: bounded, UTF-8, one object, of the shape the endpoint asks for. Everything else is refused by name. */
import type { z } from 'zod'
import { OAuthError, type RefusedMember } from '../oauth/oauth-error.ts'
import type { RequestContext } from './endpoint.ts'

/** 64 KiB. */
const maxLength = 64 * 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses the request's body as `schema` has it. @throws OAuthError `invalid_request` that names each member. */
export async function readJson<Schema extends z.ZodType>(c: RequestContext, schema: Schema): Promise<z.output<Schema>> {
  assertJsonType(c.req.header('content-type'))
  return parse(decode(await readBytes(c)), schema)
}

/** As `readJson`, but a request may have no body, of whatever type; `undefined` then. */
export async function readOptionalJson<Schema extends z.ZodType>(
  c: RequestContext,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = await readBytes(c)
  if (bytes.length === 0) return undefined
  assertJsonType(c.req.header('content-type'))
  return parse(decode(bytes), schema)
}

function assertJsonType(contentType: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const otherCharset = parameters.some(
    (parameter) => parameter.startsWith('charset=') && !/^charset="?utf-?8"?$/.test(parameter),
  )
  if (type !== 'application/json' || otherCharset)
    throw new OAuthError('unsupported_media_type', { reason: 'the body is not JSON in UTF-8' })
}

/** Node's parser holds a body to its Content-Length; elsewhere the header is only a word. */
async function readBytes(c: RequestContext): Promise<Uint8Array> {
  const length = c.req.header('content-length')
  if (Number(length ?? 0) > maxLength) throw tooLarge()
  try {
    const isHeld = c.env.incoming !== undefined && length !== undefined
    const bytes = isHeld ? new Uint8Array(await c.req.raw.arrayBuffer()) : await readPieces(c.req.raw.body)
    if (bytes.length > maxLength) throw tooLarge()
    return bytes
  } catch (error) {
    if (error instanceof OAuthError) throw error
    throw new OAuthError('invalid_request', { reason: 'the client hung up before its body was whole', cause: error })
  }
}

async function readPieces(body: AsyncIterable<Uint8Array> | null): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body ?? []) {
    length += piece.length
    if (length > maxLength) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function tooLarge(): OAuthError {
  return new OAuthError('payload_too_large', { reason: `the body is larger than ${maxLength} bytes` })
}

/**
 * Reads a form body: each parameter at most once, an empty one counts as not sent (RFC 6749 §3.2). @throws OAuthError `invalid_request`
 */
export async function readForm(c: RequestContext): Promise<Readonly<Record<string, string>>> {
  const [type = ''] = (c.req.header('content-type') ?? '').toLowerCase().split(';')
  if (type.trim() !== 'application/x-www-form-urlencoded')
    throw new OAuthError('unsupported_media_type', { reason: 'the body is no form' })
  const bytes = await readBytes(c)
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(Buffer.from(bytes).toString('utf8'))) {
    if (parameters.has(name)) {
      const members = [{ member: name.slice(0, 64), detail: 'must be sent once' }]
      throw new OAuthError('invalid_request', { reason: 'a parameter was sent twice', members })
    }
    parameters.set(name, value)
  }
  return Object.fromEntries([...parameters].filter(([, value]) => value !== ''))
}

function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new OAuthError('invalid_request', {
      reason: 'the body is not JSON',
      members: [{ member: 'body', detail: 'must be JSON in UTF-8' }],
    })
  }
}

function parse<Schema extends z.ZodType>(body: unknown, schema: Schema): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OAuthError('invalid_request', {
      reason: 'the body is no object',
      members: [{ member: 'body', detail: 'must be a JSON object' }],
    })
  }
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const members = parsed.error.issues.map((issue) => refusedMember(issue, body))
  throw new OAuthError('invalid_request', {
    reason: `refused ${members.map(({ member }) => member).join(', ')}`,
    members,
  })
}

/** Says what a member should be; zod's own words may quote what came. */
function refusedMember(issue: z.core.$ZodIssue, body: object): RefusedMember {
  const member = issue.path.map(String).join('.')
  const missing = issue.path.length === 1 && !Object.hasOwn(body, issue.path[0] as PropertyKey)
  if (missing) return { member, detail: 'is missing' }
  if (issue.code === 'invalid_type') return { member, detail: `must be a ${issue.expected}` }
  if (issue.code === 'too_small') return { member, detail: `must have at least ${issue.minimum} characters` }
  if (issue.code === 'too_big') return { member, detail: `must have at most ${issue.maximum} characters` }
  if (issue.code === 'invalid_value')
    return { member, detail: `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}` }
  return { member, detail: issue.code === 'custom' ? issue.message : 'has the wrong form' }
}
