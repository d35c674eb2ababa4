/** The client registry in SQLite. */
import type { Client, ClientStore } from '../client-store.ts'
import type { Database } from './database.ts'
import { audit, isClockBehind, notBeforeOf, readKeysVersion, writeEntry } from './entries.ts'
import type { Row } from './rows.ts'

export function clientsIn({ sql, transaction }: Database): ClientStore {
  return {
    async createClient({ id, name, scope, secretHash }, act) {
      return transaction((now) => {
        const { changes } = sql.insertClient.run({ id, name, scope: scope.join(' '), secretHash, now })
        if (changes === 0) return { outcome: 'taken' }
        audit(sql, 'client.create', id, act, now)
        return { outcome: 'created' }
      })
    },

    async findClient(id) {
      const row = sql.findClient.get(id)
      return row && { ...toClient(row), secretHash: row.secret_hash as Uint8Array }
    },

    async listClients() {
      return sql.listClients.all().map(toClient)
    },

    async disableClient(id, act) {
      return transaction((now) => {
        const notBefore = notBeforeOf(now)
        if (sql.disableClient.run({ id, now, notBefore }).changes === 0) return { outcome: 'unknown' }
        writeEntry(sql, 'c', id, notBefore / 1000, now)
        audit(sql, 'client.disable', id, act, now)
        return { outcome: 'disabled' }
      })
    },

    async admitClient(id) {
      return transaction((now) => {
        const row = sql.findClient.get(id)
        if (row === undefined || row.disabled_at !== null) return { outcome: 'refused' }
        const notBefore = Math.max(Number(row.not_before_at), Number(sql.globalNotBefore.get()?.not_before_at))
        if (isClockBehind(notBefore, now)) return { outcome: 'clock_behind' }
        return { outcome: 'admitted', now, notBefore, keysVersion: readKeysVersion(sql) }
      })
    },
  }
}

function toClient(row: Row): Client {
  const scope = String(row.scope)
  return {
    id: String(row.id),
    name: String(row.name),
    scope: scope === '' ? [] : scope.split(' '),
    createdAt: Number(row.created_at),
    disabledAt: row.disabled_at === null ? null : Number(row.disabled_at),
    notBefore: Number(row.not_before_at),
  }
}
