/** An API that follows the feed of a server which is a process of its own, on a PostgreSQL database. */
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createProtection } from '@countersign/resource-server'
import { registerClient } from '../clients/register-client.ts'
import { openPostgresStore } from '../store/postgres/postgres-store.ts'

export interface FollowingApi {
  /** The status that a request with this token is answered with. */
  statusOf(token: string): Promise<number>
  /** Waits until everything is known that was revoked before. */
  isLive(): Promise<void>
  /** Waits until a token is refused. */
  refuses(token: string): Promise<void>
}

/** Registers it, starts it, and waits until it knows what is revoked. */
export async function startFollowingApi(
  t: Pick<TestContext, 'after'>,
  issuer: string,
  database: string,
): Promise<FollowingApi> {
  const store = openPostgresStore({ url: database })
  const registration = { name: 'An API', scope: ['revocations:read'] }
  const client = await registerClient(store, registration, { actor: 'test', reason: '' }, randomBytes)
  await store.close()
  const feed = { clientId: client?.clientId ?? '', clientSecret: client?.clientSecret ?? '' }
  const protection = createProtection({ issuer, audience: issuer, feed, log: { warn: () => undefined } })
  t.after(() => protection.close())

  async function statusOf(token: string): Promise<number> {
    const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : undefined)
    const decision = await protection.decide({ method: 'GET', header })
    return decision.outcome === 'refused' ? decision.error.status : 200
  }

  const isLive = () => until('it is live', () => protection.status()[issuer]?.state === 'LIVE')
  await isLive()
  return {
    ...{ statusOf, isLive },
    refuses: (token) => until('the token is refused', async () => (await statusOf(token)) === 401),
  }
}

/** Waits for what comes within twenty seconds; what throws does not hold yet. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (
    !(await Promise.resolve()
      .then(holds)
      .catch(() => false))
  ) {
    if (performance.now() > end) throw new Error(`not within 20 s: ${what}`)
    await setTimeout(25)
  }
}
