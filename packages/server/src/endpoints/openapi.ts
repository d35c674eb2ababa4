/** GET /openapi.json: the description of every endpoint, made from the table in server.ts and the shapes that are enforced. */
import { z } from 'zod'
import type { Answer, Endpoint, Route } from '../http/endpoint.ts'
import { errorForms } from '../http/problem.ts'
import { type ErrorCode, errorCodes } from '../oauth/oauth-error.ts'
import { version } from '../telemetry/version.ts'

const problem = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(errorCodes).meta({ description: 'Stable; decide by this.' }),
  error: z.enum(errorCodes).meta({ description: 'The same word as code.' }),
  errors: z.array(z.object({ member: z.string(), detail: z.string() })).optional(),
  checks: z.record(z.string(), z.string()).optional().meta({ description: 'How the parts stand, of /readyz.' }),
  requestId: z.string().optional(),
})

/** Serves the OpenAPI 3.1 description of these routes, made at the first request: no start should wait for it. */
export function openapi(routes: readonly Route[], issuer: string): Endpoint {
  let document: string | undefined
  return {
    summary: 'This description',
    answers: { 200: { description: 'OpenAPI 3.1.', body: z.looseObject({}) } },
    hidden: true,
    handle(c) {
      document ??= JSON.stringify(describeApi(routes, issuer))
      return c.body(document, 200, { 'content-type': 'application/json' })
    },
  }
}

function describeApi(routes: readonly Route[], issuer: string): object {
  const components: Components = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, path, endpoint } of routes) {
    if (endpoint.hidden) continue
    const template = path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = describeEndpoint(method, path, endpoint, components)
    paths[template] = { ...paths[template], [method.toLowerCase()]: operation }
  }
  const Problem = toSchema(problem, components)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Countersign',
      version,
      description:
        'Sign in, refresh and sign out; sessions; profile. Refusals are problem+json (RFC 9457): decide by `code`.',
    },
    servers: [{ url: issuer }],
    paths,
    components: {
      schemas: { ...components, Problem },
      securitySchemes: {
        'access-token': { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        client: { type: 'http', scheme: 'basic', description: 'client_id and client_secret' },
        'refresh-token': { type: 'http', scheme: 'bearer', description: 'A refresh token, rt1.…' },
      },
    },
  }
}

/** Shapes with a name, which stand in one place. */
type Components = Record<string, unknown>

function describeEndpoint(method: string, path: string, endpoint: Endpoint, components: Components): object {
  const { summary, description, body, form, authorization, pathParameters = {} } = endpoint
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    tags: [groupOf(path, endpoint)],
    ...(description && { description }),
    ...(authorization && { security: [{ [authorization]: [] }, ...(endpoint.bodyOptional ? [{}] : [])] }),
    parameters: Object.entries(pathParameters).map(([name, about]) => ({
      ...{ name, in: 'path', required: true, description: about },
      schema: { type: 'string' },
    })),
    ...(body && {
      requestBody: {
        required: !endpoint.bodyOptional,
        content: { 'application/json': { schema: toSchema(body, components) } },
      },
    }),
    ...(form && {
      requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema: describeForm(form) } } },
    }),
    responses: { ...describeAnswers(endpoint.answers, components), ...describeRefusals(endpoint) },
  }
}

function describeForm(form: Readonly<Record<string, string>>): object {
  const properties = Object.entries(form).map(([name, description]) => [name, { type: 'string', description }])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

/** Under which heading of the API page an endpoint stands. */
function groupOf(path: string, { authorization }: Endpoint): string {
  if (path.startsWith('/.well-known/')) return 'Keys and metadata'
  if (path.startsWith('/api/admin/')) return 'Administration'
  if (path.startsWith('/oauth/')) return 'OAuth'
  if (path.startsWith('/revocations/')) return 'Revocation feed'
  if (path === '/healthz' || path === '/readyz') return 'Health'
  return authorization === 'access-token' ? 'My account' : 'Signing in'
}

function describeAnswers(answers: Readonly<Record<number, Answer>>, components: Components): object {
  const entries = Object.entries(answers).map(([status, { description, body }]) => [
    status,
    { description, ...(body && { content: { 'application/json': { schema: toSchema(body, components) } } }) },
  ])
  return Object.fromEntries(entries)
}

function describeRefusals({ body, authorization, refusals = [] }: Endpoint): object {
  const byStatus = new Map<number, ErrorCode[]>()
  const fromBody: ErrorCode[] = body ? ['invalid_request', 'payload_too_large', 'unsupported_media_type'] : []
  const fromToken: ErrorCode[] = authorization === 'access-token' ? ['invalid_token', 'too_many_requests'] : []
  for (const code of new Set([...fromBody, ...fromToken, ...refusals, 'server_error' as const])) {
    const { status } = errorForms[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, { description: codes.join(', '), content }]),
  )
}

/** Zod puts named shapes below the schema that uses them; here they go to the components of the document. */
function toSchema(schema: z.ZodType, components: Components): object {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }))
  const { $schema: _, $defs = {}, id: __, ...rest } = JSON.parse(text.replaceAll('#/$defs/', '#/components/schemas/'))
  for (const [name, { id: ___, ...shape }] of Object.entries<Record<string, unknown>>($defs)) components[name] = shape
  return rest
}
