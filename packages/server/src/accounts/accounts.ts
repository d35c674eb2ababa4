/**
 * The accounts adapter: who the users are. The built-in one keeps them in the store (built-in-accounts.ts); an application
 * that has a users table of its own passes an adapter instead, and the server then keeps only sessions.
 */

import type { Account, NewSession } from '../store/store.ts'

/** A person as the server sees them. */
export interface AccountProfile {
  /** The subject (`sub`) of this person's tokens: stable, never reused. */
  readonly id: string
  readonly email: string
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  /** Claims of this person that every access token carries. @default none */
  readonly claims?: Readonly<Record<string, unknown>>
  /** When the account was made, epoch seconds. */
  readonly createdAt: number
}

/** An account whose password has just been verified, and what tells whether that still holds when its session is opened. */
export interface VerifiedAccount {
  readonly account: AccountProfile
  readonly verified: NewSession['verified']
}

/**
 * Your users table. Every method may be asynchronous; an error becomes a 500 and is logged.
 * The optional methods switch their endpoints on: without `register` there is no POST …/register, and so on.
 */
export interface Accounts {
  /**
   * Checks a password. Answer nothing (`undefined` or `null`) for an unknown address as for a wrong password, and take as long for both:
   * verify against some constant hash when the address is unknown.
   */
  verifyCredentials(email: string, password: string): Promise<AccountProfile | null | undefined>
  /** Finds a person by the id that `verifyCredentials` gave; nothing once they may no longer sign in. */
  findAccount(id: string): Promise<AccountProfile | null | undefined>
  /** Makes an account. For a known address it makes none, and answers in the same time with an id that nobody has. */
  register?(email: string, password: string): Promise<{ readonly id: string; readonly email: string }>
  /**
   * Changes a password after checking the present one. Once it has, the server ends the user's other sessions. (The built-in accounts
   * end them themselves, in one transaction.)
   */
  changePassword?(change: PasswordChange): Promise<PasswordChangeOutcome>
  /** Deletes an account after checking its password. */
  deleteAccount?(id: string, currentPassword: string): Promise<'deleted' | 'wrong_password'>
}

/** Accounts as the server asks for them. */
export interface KnownAccounts extends Omit<Accounts, 'verifyCredentials'> {
  verifyCredentials(email: string, password: string): Promise<VerifiedAccount | undefined>
  /** @param kept what the store had beside the session; accounts that are not in the store are looked for where they are */
  findAccount(id: string, kept?: Account): Promise<AccountProfile | null | undefined>
}

/** What `changePassword` is asked. */
export interface PasswordChange {
  readonly id: string
  readonly currentPassword: string
  readonly newPassword: string
  /** The session that asked, which goes on. */
  readonly sid: string
}

export type PasswordChangeOutcome = 'changed' | 'wrong_password'
