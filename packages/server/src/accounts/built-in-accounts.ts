/**
 * Accounts in the server's own store. Registration and login cost the same for known and unknown addresses: one Argon2id hash
 * and, when registering, one committed write.
 *
 * Races: a password change or deletion between verifying a password and acting on it is caught by the password version, which
 * the store checks under the user's lock; the loser is answered as if the password were wrong.
 */
import type { Account, Store } from '../store/store.ts'
import type {
  AccountProfile,
  KnownAccounts,
  PasswordChange,
  PasswordChangeOutcome,
  VerifiedAccount,
} from './accounts.ts'
import type { PasswordHasher } from './password-hasher.ts'

interface BuiltInParts {
  readonly store: Store
  readonly hasher: PasswordHasher
  readonly newUserId: () => string
}

export function createBuiltInAccounts({ store, hasher, newUserId }: BuiltInParts): Required<KnownAccounts> {
  async function verifyCredentials(email: string, password: string): Promise<VerifiedAccount | undefined> {
    const found = await store.findCredentials(normalizeEmail(email))
    const matches = await hasher.verify(password, found?.passwordHash)
    if (!found || !matches) return undefined
    return { account: toProfile(found), verified: { passwordVersion: found.passwordVersion } }
  }

  async function findAccount(id: string, kept?: Account): Promise<AccountProfile | undefined> {
    const account = kept ?? (await store.findAccount(id))
    return account && toProfile(account)
  }

  async function register(address: string, password: string): Promise<{ id: string; email: string }> {
    const email = normalizeEmail(address)
    const id = newUserId()
    await store.createAccount({ id, email, passwordHash: await hasher.hash(password) })
    return { id, email }
  }

  async function changePassword(change: PasswordChange): Promise<PasswordChangeOutcome> {
    const fromVersion = await verifiedVersion(change.id, change.currentPassword)
    if (fromVersion === undefined) return 'wrong_password'
    const passwordHash = await hasher.hash(change.newPassword)
    const replaced = await store.replacePassword({ userId: change.id, fromVersion, passwordHash, keepSid: change.sid })
    return replaced.outcome === 'replaced' ? 'changed' : 'wrong_password'
  }

  async function deleteAccount(id: string, currentPassword: string): Promise<'deleted' | 'wrong_password'> {
    const fromVersion = await verifiedVersion(id, currentPassword)
    if (fromVersion === undefined) return 'wrong_password'
    const deleted = await store.deleteAccount(id, fromVersion)
    return deleted.outcome === 'deleted' ? 'deleted' : 'wrong_password'
  }

  async function verifiedVersion(id: string, password: string): Promise<number | undefined> {
    const found = await store.findCredentialsById(id)
    return (await hasher.verify(password, found?.passwordHash)) ? found?.passwordVersion : undefined
  }

  return { verifyCredentials, findAccount, register, changePassword, deleteAccount }
}

/** Makes the id of a new account. */
export function makeUserId(random: (length: number) => Uint8Array): string {
  return `usr_${Buffer.from(random(16)).toString('base64url')}`
}

/** Gives the form in which an address is stored and looked up: Unicode NFC, lower case. */
export function normalizeEmail(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

/** The store counts milliseconds, the wire counts seconds. */
function toProfile({ id, email, emailVerified, roles, claims, createdAt }: Account): AccountProfile {
  return { id, email, emailVerified, roles, claims, createdAt: Math.floor(createdAt / 1000) }
}
