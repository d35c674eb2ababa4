/** PostgreSQL databases for tests of the store. */
import { newEmptyDatabase } from '../../test/postgres-cluster.ts'
import type { Store } from '../store.ts'
import { migratePostgres } from './migrations.ts'
import { openPostgresStore } from './postgres-store.ts'

/** Makes a database with the present schema. */
export async function newLocation(onEnd: (remove: () => Promise<void>) => void): Promise<string> {
  const url = await newEmptyDatabase(onEnd)
  await migratePostgres(url)
  return url
}

export function openAt(url: string, now?: () => number): Store {
  return openPostgresStore({ url, ...(now && { now }) })
}
