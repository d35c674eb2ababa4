/** The built-in accounts in PostgreSQL. */
import { mostAtOnce } from '../session-limits.ts'
import { type Store, StoreUnavailableError } from '../store.ts'
import { calls, operator, reads } from './calls.ts'
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
      const outcome = await runInTime<'deleted' | 'credentials_changed'>(calls.deleteAccount, [userId, fromVersion])
      if (outcome === 'deleted') await forgetAll(() => run<{ count: number }>(calls.forgetSessions, [userId]))
      return { outcome }
    },
  }
}

/** What one transition may not take away goes with the next ones; what is left if the database goes away goes when its lifetime is over. */
async function forgetAll(forgetSome: () => Promise<{ count: number }[]>): Promise<void> {
  try {
    while ((await forgetSome())[0]?.count === mostAtOnce);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
  }
}
