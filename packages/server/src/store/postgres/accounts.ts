/** The built-in accounts in PostgreSQL. */
import type { Act } from '../revocation-store.ts'
import type { Store } from '../store.ts'
import { calls, reads } from './calls.ts'
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

export function accountsIn({ run, runInTime, read }: Database): AccountMethods {
  return {
    async createAccount({ id, email, passwordHash }, act) {
      const [row] = await run(calls.createAccount, [id, email, passwordHash, ...operator(act)])
      return { outcome: row?.outcome }
    },

    async findCredentials(email) {
      const [row] = await read(reads.findAccountByEmail, [email])
      return row && toCredentials(row)
    },

    async findCredentialsById(userId) {
      const [row] = await read(reads.findAccount, [userId])
      return row && toCredentials(row)
    },

    async findAccount(userId) {
      const [row] = await read(reads.findAccount, [userId])
      return row && toAccount(row)
    },

    async updateAccount(id, { roles, claims }, act) {
      const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
      return { outcome: await runInTime(calls.updateAccount, [id, json(roles), json(claims), ...operator(act)]) }
    },

    async replacePassword({ userId, fromVersion, passwordHash, keepSid }, act) {
      const [row] = await run(calls.replacePassword, [userId, fromVersion, passwordHash, keepSid, ...operator(act)])
      return { outcome: row?.outcome }
    },

    async deleteAccount(userId, fromVersion) {
      return { outcome: await runInTime(calls.deleteAccount, [userId, fromVersion]) }
    },
  }
}

/** Who does it and why, for the audit table; nothing for what an account's owner does. */
function operator(act: Act | undefined): readonly [string | null, string | null] {
  return [act?.actor ?? null, act?.reason ?? null]
}
