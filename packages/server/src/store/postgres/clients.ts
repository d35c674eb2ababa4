/** The client registry in PostgreSQL. */
import type { ClientStore } from '../client-store.ts'
import { toClient } from '../rows.ts'
import { calls, reads } from './calls.ts'
import type { Database } from './database.ts'

export function clientsIn({ run, read }: Database): ClientStore {
  return {
    async createClient({ id, name, scope, secretHash }, { actor, reason }) {
      const [row] = await run(calls.createClient, [id, name, secretHash, scope.join(' '), actor, reason])
      return { outcome: row?.outcome }
    },

    async findClient(id) {
      const [row] = await read(reads.findClient, [id])
      return row && { ...toClient(row), secretHash: Buffer.from(String(row.secret_hash), 'base64') }
    },

    async listClients() {
      return (await run(calls.listClients)).map(toClient)
    },

    async disableClient(id, { actor, reason }) {
      const [row] = await run(calls.disableClient, [id, actor, reason])
      return { outcome: row?.outcome }
    },

    async admitClient(id) {
      const [row] = await run(calls.admitClient, [id])
      if (row?.outcome !== 'admitted') return { outcome: row?.outcome }
      const moment = { now: Number(row.now), notBefore: Number(row.not_before), keysVersion: Number(row.keys_version) }
      return { outcome: 'admitted', ...moment }
    },
  }
}
