/** A client of the registry, for tests: its credentials, and its tokens. */
import { randomBytes } from 'node:crypto'
import { hashClientSecret, makeClientSecret } from '../clients/client-secret.ts'
import type { Reply, TestServer } from './test-server.ts'

export interface TestClient {
  readonly id: string
  readonly secret: string
  /** The Authorization header (RFC 7617). */
  readonly basic: string
  /** Gets an access token with all its scopes. */
  token(): Promise<string>
}

/** Registers a client. */
export async function createTestClient(server: TestServer, scope: readonly string[]): Promise<TestClient> {
  const id = `client-${randomBytes(4).toString('hex')}`
  const secret = makeClientSecret(randomBytes)
  await server.store.createClient(
    { id, name: id, scope, secretHash: hashClientSecret(secret) },
    { actor: 'test', reason: '' },
  )
  const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return {
    ...{ id, secret, basic },
    token: async () =>
      (await form(server, '/oauth/token', { grant_type: 'client_credentials' }, basic)).json.access_token,
  }
}

/** Posts a form. */
export function form(
  server: TestServer,
  path: string,
  parameters: Readonly<Record<string, string>>,
  authorization?: string,
): Promise<Reply> {
  return server.call('POST', path, {
    body: new URLSearchParams(parameters).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization !== undefined && { authorization }),
    },
  })
}
