/** The built-in accounts in PostgreSQL. */
import type { Store } from '../store.ts'
import { calls } from './calls.ts'
import type { Database } from './database.ts'
import { toAccount, toCredentials } from './rows.ts'

type AccountMethods = Pick<
  Store,
  | 'createAccount'
  | 'findCredentials'
  | 'findCredentialsById'
  | 'findAccount'
  | 'updateAccount'
  | 'replacePassword'
  | 'deleteAccount'
>

export function accountsIn({ run }: Database): AccountMethods {
  return {
    async createAccount({ id, email, passwordHash }) {
      const [row] = await run(calls.createAccount, [id, email, passwordHash])
      return { outcome: row?.outcome }
    },

    async findCredentials(email) {
      const [row] = await run(calls.findAccountByEmail, [email])
      return row && toCredentials(row)
    },

    async findCredentialsById(userId) {
      const [row] = await run(calls.findAccount, [userId])
      return row && toCredentials(row)
    },

    async findAccount(userId) {
      const [row] = await run(calls.findAccount, [userId])
      return row && toAccount(row)
    },

    async updateAccount(id, { roles, claims }) {
      const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
      const updated = await run(calls.updateAccount, [id, json(roles), json(claims)])
      return { outcome: updated.length === 1 ? 'updated' : 'unknown' }
    },

    async replacePassword({ userId, fromVersion, passwordHash, keepSid }) {
      const [row] = await run(calls.replacePassword, [userId, fromVersion, passwordHash, keepSid])
      return { outcome: row?.outcome }
    },

    async deleteAccount(userId, fromVersion) {
      const [row] = await run(calls.deleteAccount, [userId, fromVersion])
      return { outcome: row?.outcome }
    },
  }
}
