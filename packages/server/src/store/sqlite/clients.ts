/** The client registry in SQLite. */
import type { ClientStore } from '../client-store.ts'
import { toClient } from '../rows.ts'
import type { Database } from './database.ts'
import { audit, isClockBehind, notBeforeOf, readKeysVersion, writeEntry } from './entries.ts'

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
