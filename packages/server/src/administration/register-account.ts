/** Accounts that an operator makes, administrators among them. */
import { makeUserId, normalizeEmail } from '../accounts/built-in-accounts.ts'
import { createPasswordHasher } from '../accounts/password-hasher.ts'
import { email as emailShape, newPassword } from '../endpoints/shapes.ts'
import type { Act } from '../store/revocation-store.ts'
import type { AccountCredentials, Store } from '../store/store.ts'

/** Who signs in with what. */
export interface NewPassword {
  readonly email: string
  readonly password: string
}

/** The account as it is now. */
export interface RegisteredAccount {
  readonly id: string
  readonly email: string
  readonly roles: readonly string[]
}

type AccountStore = Pick<Store, 'createAccount' | 'findCredentials' | 'replacePassword' | 'updateAccount'>
type Random = (length: number) => Uint8Array

/**
 * Makes an account, and keeps who did it and why in the audit table.
 *
 * @returns the account, or nothing if the address has one
 * @throws TypeError for an address or password that cannot be one
 */
export async function registerAccount(
  store: AccountStore,
  { email: address, password }: NewPassword,
  act: Act,
  random: Random,
): Promise<RegisteredAccount | undefined> {
  const email = readEmail(address)
  const id = makeUserId(random)
  const { outcome } = await store.createAccount({ id, email, passwordHash: await hashPassword(email, password) }, act)
  return outcome === 'created' ? { id, email, roles: [] } : undefined
}

/**
 * Makes an account with the role admin. An address that has an account gets the new password with the role, and is signed out
 * everywhere: whoever made that account need not be the person whose address it is. Each of these steps is kept in the audit table.
 *
 * @throws TypeError for an address or password that cannot be one
 */
export async function registerAdministrator(
  store: AccountStore,
  account: NewPassword,
  act: Act,
  random: Random,
): Promise<RegisteredAccount> {
  const made = await registerAccount(store, account, act, random)
  const { id, email, roles } = made ?? (await replacePassword(store, account, act))
  const withAdmin = roles.includes('admin') ? roles : [...roles, 'admin']
  await store.updateAccount(id, { roles: withAdmin }, act)
  return { id, email, roles: withAdmin }
}

/** Another change of the same password may come in between: the operator's comes last. */
async function replacePassword(
  store: AccountStore,
  { email, password }: NewPassword,
  act: Act,
): Promise<AccountCredentials> {
  const passwordHash = await hashPassword(email, password)
  for (;;) {
    const found = await store.findCredentials(normalizeEmail(email))
    if (found === undefined) throw new Error('the account was deleted meanwhile: try again')
    const change = { userId: found.id, fromVersion: found.passwordVersion, passwordHash, keepSid: '' }
    if ((await store.replacePassword(change, act)).outcome === 'replaced') return found
  }
}

function readEmail(address: string): string {
  if (!emailShape.safeParse(address).success) throw new TypeError('email: give an address such as ada@example.com.')
  return normalizeEmail(address)
}

async function hashPassword(email: string, password: string): Promise<string> {
  if (!newPassword.safeParse(password).success) throw new TypeError('password: give 8 to 256 characters.')
  if (normalizeEmail(password) === normalizeEmail(email))
    throw new TypeError('password: give another than the address.')
  return createPasswordHasher({ concurrency: 1 }).hash(password)
}
