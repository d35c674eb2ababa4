/** Sealed signing keys and peppers in SQLite. What was kept first stays, whoever else makes one at the same time. */
import { type Row, toSealedKey, toSealedPepper, toSigningKeyRecord } from '../rows.ts'
import type { Store } from '../store.ts'
import type { Database } from './database.ts'

type KeyMethods = Pick<
  Store,
  'listSigningKeys' | 'listSigningKeyRecords' | 'addSigningKey' | 'listPeppers' | 'addPepper'
>

export function keysIn({ sql, transaction }: Database): KeyMethods {
  return {
    async listSigningKeys() {
      return sql.listSigningKeys.all().map(toSealedKey)
    },

    async listSigningKeyRecords() {
      return sql.listSigningKeyRecords.all().map(toSigningKeyRecord)
    },

    async addSigningKey(key) {
      return transaction(() => {
        if (sql.insertSigningKey.run({ ...key }).changes === 1) sql.raiseKeysVersion.run()
        return toSealedKey(sql.findSigningKey.get(key.alg) as Row)
      })
    },

    async listPeppers() {
      return sql.listPeppers.all().map(toSealedPepper)
    },

    async addPepper(pepper) {
      return transaction(() => {
        sql.insertPepper.run({ ...pepper })
        return toSealedPepper(sql.findPepper.get(pepper.id) as Row)
      })
    },
  }
}
