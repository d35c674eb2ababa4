/**
 * The application's own users table: its answers are parsed at the door, and the server's sessions kept in step with it.
 *
 * The application and the store are two databases, and no transaction spans them. The application acts first, since it may have
 * reasons to refuse; then the sessions end, tried several times. If the store stays away, the caller gets 503 although the password
 * has changed, and the log an alert: the user's other sessions live until someone ends them. A deleted person is refused anyway,
 * because `findAccount` finds nobody. A login that verified the old password meanwhile opens nothing (Store.markCredentials).
 */
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Log } from '../log.ts'
import { type RevocationReason, type Store, StoreUnavailableError } from '../store/store.ts'
import type { AccountProfile, Accounts, KnownAccounts } from './accounts.ts'

const profile = z.object({
  id: z.string().min(1).max(255),
  email: z.string(),
  emailVerified: z.boolean(),
  roles: z.array(z.string()),
  claims: z.record(z.string(), z.unknown()).optional(),
  createdAt: z.number(),
})

const registered = z.object({ id: z.string().min(1).max(255), email: z.string() })

/** Waits between the tries to end sessions, milliseconds. */
const pauses = [10, 50, 200, 500]

export function adaptAccounts(accounts: Accounts, store: Store, log: Log): KnownAccounts {
  const { register, changePassword, deleteAccount } = accounts

  async function endSessions(userId: string, reason: RevocationReason, keepSid?: string): Promise<void> {
    for (const pause of pauses) {
      try {
        await store.revokeSessions(userId, reason, keepSid)
        return
      } catch {
        await setTimeout(pause)
      }
    }
    await store.revokeSessions(userId, reason, keepSid).catch((cause: unknown) => {
      const fields = { event: 'sessions.not_ended', alert: true, sub: userId, reason }
      log.error(fields, 'the application has acted and the sessions could not be ended: end them')
      throw new StoreUnavailableError('the sessions could not be ended', { cause })
    })
  }

  return {
    async verifyCredentials(email, password) {
      const mark = await store.markCredentials()
      const account = parseProfile(await accounts.verifyCredentials(email, password), 'verifyCredentials')
      return account && { account, verified: { mark } }
    },
    async findAccount(id) {
      const found = parseProfile(await accounts.findAccount(id), 'findAccount')
      if (found !== undefined && found.id !== id)
        throw new TypeError('accounts.findAccount answered with another account')
      return found
    },
    ...(register && {
      async register(email, password) {
        return registered.parse(await register.call(accounts, email, password))
      },
    }),
    ...(changePassword && {
      async changePassword(change) {
        const outcome = await changePassword.call(accounts, change)
        if (outcome === 'wrong_password') return outcome
        await endSessions(change.id, 'password_change', change.sid)
        if (outcome !== 'changed')
          throw new TypeError("accounts.changePassword must answer 'changed' or 'wrong_password'")
        return outcome
      },
    }),
    ...(deleteAccount && {
      async deleteAccount(id, currentPassword) {
        const outcome = await deleteAccount.call(accounts, id, currentPassword)
        if (outcome === 'wrong_password') return outcome
        await endSessions(id, 'account_deleted')
        if (outcome !== 'deleted')
          throw new TypeError("accounts.deleteAccount must answer 'deleted' or 'wrong_password'")
        return outcome
      },
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
