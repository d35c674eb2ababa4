/** An API that follows the feed of a server in this process, by the server's own endpoints and a clock that may be wrong. */
import type { TestContext } from 'node:test'
import { createProtection, type Protection } from '@countersign/resource-server'
import type { LocalKeys } from '@countersign/token'
import { createTestClient } from './test-client.ts'
import { issuer, type TestServer } from './test-server.ts'

export interface ProtectedApi {
  readonly protection: Protection
  /** The status that a request with this token is answered with. */
  statusOf(token: string): Promise<number>
  /** Waits until a token is refused, and not for want of knowledge. */
  refuses(token: string): Promise<void>
  /** Waits until everything is known that was revoked before. */
  isLive(): Promise<void>
}

/** Starts it, and waits until it knows what is revoked. `skew` says by how many seconds its clock is ahead of the server's. */
export async function protectApi(
  t: Pick<TestContext, 'after'>,
  server: TestServer,
  { skew = 0, keys }: { readonly skew?: number; readonly keys?: LocalKeys } = {},
): Promise<ProtectedApi> {
  const { id: clientId, secret: clientSecret } = await createTestClient(server, ['revocations:read'])
  const began = server.clock.now
  const protection = createProtection({
    ...{ issuer, audience: issuer, feed: { clientId, clientSecret }, revocation: 'strict', keys },
    log: { warn: () => undefined },
    fetch: (input, init) => answer(server, input, init),
    clock: {
      now: () => server.clock.now / 1000 + skew,
      monotonic: () => server.clock.now - began,
      schedule(act, milliseconds) {
        const timer = setTimeout(act, milliseconds).unref()
        return () => clearTimeout(timer)
      },
    },
  })
  t.after(() => {
    protection.close()
    server.server.close()
  })

  async function statusOf(token: string): Promise<number> {
    const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : undefined)
    const decision = await protection.decide({ method: 'GET', header })
    return decision.outcome === 'refused' ? decision.error.status : 200
  }

  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    const end = performance.now() + 5000
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`not within 5 s: ${JSON.stringify(protection.status())}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const isLive = () => until(() => protection.status()[issuer]?.state === 'LIVE')
  await isLive()
  return { protection, statusOf, isLive, refuses: (token) => until(async () => (await statusOf(token)) === 401) }
}

/** As on a network, what is aborted breaks off also while its body comes. */
async function answer(server: TestServer, input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const response = await server.server.fetch(new Request(input, init))
  const signal = init?.signal ?? undefined
  if (signal === undefined || response.body === null) return response
  return new Response(response.body.pipeThrough(new TransformStream(), { signal }), response)
}
