/**
 * The application's own users table: its answers are parsed at the door, and the server's sessions kept in step with it.
 *
 * The application and the store are two databases; no transaction spans them. So the other sessions end before the application
 * changes a password, once the current one has been checked, and again after it: if the store fails at the first, nothing has
 * changed; if it fails at the second, only a login of the moments between is left, and the caller is told to come again.
 */
import { z } from 'zod'
import type { RevocationReason, Store } from '../store/store.ts'
import type { AccountProfile, Accounts, PasswordChange } from './accounts.ts'

const profile = z.object({
  id: z.string().min(1).max(255),
  email: z.string(),
  emailVerified: z.boolean(),
  roles: z.array(z.string()),
  claims: z.record(z.string(), z.unknown()).optional(),
  createdAt: z.number(),
})

export function adaptAccounts(accounts: Accounts, store: Store): Accounts {
  const { register, changePassword, deleteAccount } = accounts

  async function findAccount(id: string): Promise<AccountProfile | undefined> {
    return parseProfile(await accounts.findAccount(id), 'findAccount')
  }

  async function verifyCredentials(email: string, password: string): Promise<AccountProfile | undefined> {
    return parseProfile(await accounts.verifyCredentials(email, password), 'verifyCredentials')
  }

  /** Acts on a user of the application between two ends of the sessions that must not outlive it. */
  async function endingSessions<Outcome>(
    { id, currentPassword, sid }: Pick<PasswordChange, 'id' | 'currentPassword'> & { sid?: string },
    reason: RevocationReason,
    act: () => Promise<Outcome>,
    done: Outcome,
  ): Promise<Outcome | 'wrong_password'> {
    const found = await findAccount(id)
    const verified = found && (await verifyCredentials(found.email, currentPassword))
    if (verified?.id !== id) return 'wrong_password'
    await store.revokeSessions(id, reason, sid)
    const outcome = await act()
    if (outcome === done) await store.revokeSessions(id, reason, sid)
    return outcome
  }

  return {
    verifyCredentials,
    findAccount,
    ...(register && { register: register.bind(accounts) }),
    ...(changePassword && {
      changePassword: (change) =>
        endingSessions(change, 'password_change', () => changePassword.call(accounts, change), 'changed'),
    }),
    ...(deleteAccount && {
      deleteAccount: (id, currentPassword) =>
        endingSessions(
          { id, currentPassword },
          'account_deleted',
          () => deleteAccount.call(accounts, id, currentPassword),
          'deleted',
        ),
    }),
  }
}

/** @throws TypeError that names what the adapter answered wrongly, never its value. */
function parseProfile(answer: unknown, method: string): AccountProfile | undefined {
  if (answer === undefined || answer === null) return undefined
  const parsed = profile.safeParse(answer)
  if (parsed.success) {
    const { claims, ...account } = parsed.data
    return claims === undefined ? account : { ...account, claims }
  }
  const problems = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'the answer'} (${code})`)
  throw new TypeError(`accounts.${method} answered with something else than an account: ${problems.join(', ')}`)
}
