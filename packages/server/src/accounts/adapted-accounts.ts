/** The application's own users table, with the server's sessions kept in step with it. */
import type { RevocationReason, Store } from '../store/store.ts'
import type { Accounts } from './accounts.ts'

/** Ends sessions after the application has changed a password or deleted an account. */
export function adaptAccounts(accounts: Accounts, store: Store): Accounts {
  const { changePassword, deleteAccount } = accounts
  const endSessions = (userId: string, reason: RevocationReason, keepSid?: string) =>
    store.revokeSessions(userId, reason, keepSid)

  return {
    verifyCredentials: (email, password) => accounts.verifyCredentials(email, password),
    findAccount: (id) => accounts.findAccount(id),
    ...(accounts.register && { register: accounts.register.bind(accounts) }),
    ...(changePassword && {
      async changePassword(change) {
        const outcome = await changePassword.call(accounts, change)
        if (outcome === 'changed') await endSessions(change.id, 'password_change', change.sid)
        return outcome
      },
    }),
    ...(deleteAccount && {
      async deleteAccount(id, currentPassword) {
        const outcome = await deleteAccount.call(accounts, id, currentPassword)
        if (outcome === 'deleted') await endSessions(id, 'account_deleted')
        return outcome
      },
    }),
  }
}
