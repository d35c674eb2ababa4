/** The built-in accounts in SQLite. */

import type { Row } from '../rows.ts'
import { mostAtOnce } from '../session-limits.ts'
import type { Account, AccountCredentials, NewAccount, Store } from '../store.ts'
import type { Database } from './database.ts'
import { audit } from './entries.ts'
import { toAccount, toCredentials } from './rows.ts'
import { revokeAll } from './sessions.ts'

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

export function accountsIn({ sql, transaction }: Database): AccountMethods {
  return {
    async createAccount({ id, email, passwordHash }: NewAccount, act) {
      return transaction((now) => {
        const taken = sql.findAccountByEmail.get(email) !== undefined
        sql.insertUser.run({ id, now })
        sql.insertAccount.run({ id, email: taken ? id : email, passwordHash, now })
        if (taken) {
          // Written and taken away again: a commit that costs what the other one costs.
          sql.deleteAccount.run({ userId: id, fromVersion: 1 })
          sql.deleteUser.run(id)
          return { outcome: 'taken' }
        }
        if (act !== undefined) audit(sql, 'user.create', id, act, now)
        return { outcome: 'created' }
      })
    },

    async findCredentials(email): Promise<AccountCredentials | undefined> {
      return optional(sql.findAccountByEmail.get(email), toCredentials)
    },

    async findCredentialsById(userId): Promise<AccountCredentials | undefined> {
      return optional(sql.findAccount.get(userId), toCredentials)
    },

    async findAccount(userId): Promise<Account | undefined> {
      return optional(sql.findAccount.get(userId), toAccount)
    },

    async updateAccount(id, change, act) {
      const roles = change.roles ? JSON.stringify(change.roles) : null
      const claims = change.claims ? JSON.stringify(change.claims) : null
      return transaction((now) => {
        if (sql.updateAccount.run({ id, roles, claims }).changes === 0) return { outcome: 'unknown' }
        if (act !== undefined) audit(sql, 'user.update', id, act, now)
        return { outcome: 'updated' }
      })
    },

    async replacePassword({ keepSid, ...change }, act) {
      return transaction((now) => {
        const isKeptOver =
          keepSid !== '' && sql.findLiveSession.get({ sid: keepSid, jti: null, kid: null, now }) === undefined
        if (isKeptOver) return { outcome: 'credentials_changed' }
        if (sql.replacePassword.run(change).changes === 0) return { outcome: 'credentials_changed' }
        revokeAll(sql, change.userId, 'password_change', keepSid, now)
        if (act !== undefined) audit(sql, 'user.password', change.userId, act, now)
        return { outcome: 'replaced' }
      })
    },

    async deleteAccount(userId, fromVersion) {
      let more = false
      const forgetSome = () => {
        more = sql.deleteSomeSessions.run(userId).changes === mostAtOnce
      }
      const isDeleted = await transaction((now) => {
        if (sql.deleteAccount.run({ userId, fromVersion }).changes === 0) return false
        revokeAll(sql, userId, 'account_deleted', '', now)
        sql.markUserDeleted.run({ id: userId, now })
        forgetSome()
        return true
      })
      // What one transaction may not take away goes with the next ones; what is left if they fail goes when its lifetime is over.
      while (more) await transaction(forgetSome).catch(() => (more = false))
      return { outcome: isDeleted ? 'deleted' : 'credentials_changed' }
    },
  }
}

function optional<Result>(row: Row | undefined, read: (row: Row) => Result): Result | undefined {
  return row && read(row)
}
