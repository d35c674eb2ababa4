/**
 * What the authorization server asks of a database. Every method is one atomic transition with a named outcome, so that a
 * race cannot be written by accident; nothing here is read, judged and written back in two steps.
 *
 * Rules that every store keeps (store.contract.ts proves them):
 * - The store owns time: each transition reads its clock once, after it holds its locks. All times are epoch milliseconds.
 * - A transition that has answered survives kill -9.
 * - No transition writes to all sessions of a user, who may have very many: a not-before ends them.
 * - Order of locks: user, then session. So a login that verified the old password cannot slip past a password change.
 * - No secret is stored: of a refresh token only the SHA-256 of its rid, of a password only its Argon2id hash, and keys
 *   and peppers only sealed.
 */

import type { PresentedToken, RotationLimits, RotationState, Served } from '../sessions/rotation.ts'
import type { ClientStore } from './client-store.ts'
import type { KeyStore } from './key-store.ts'
import type { Act, RevocationStore, TokenMarks } from './revocation-store.ts'

/** The store could not be reached, could not write, or did not answer in time: whether the act has happened is unknown, and it may be repeated. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}

/** A person's account in the built-in accounts table. */
export interface Account {
  /** The subject (`sub`) of this person's tokens. */
  readonly id: string
  readonly email: string
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  /** Claims of this person that every access token carries. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

/** An account with what is needed to check its password. */
export interface AccountCredentials extends Account {
  readonly passwordHash: string
  /** Grows with each password change; a login names the version it has verified. */
  readonly passwordVersion: number
}

/** Sets the roles or claims of an account; what is left out stays. */
export interface AccountChange {
  readonly roles?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface NewAccount {
  readonly id: string
  readonly email: string
  readonly passwordHash: string
}

/**
 * How a session's token travels; it is honoured only in the mode it was made in. Refresh tokens: `bearer` in JSON, `cookie` in a
 * cookie, `access_cookie` with the access token in a cookie as well. Session tokens: `session_cookie`, `session_bearer`.
 */
export type SessionMode = 'bearer' | 'cookie' | 'access_cookie' | 'session_cookie' | 'session_bearer'

/** What a session is, apart from its place in the rotation. */
export interface Session {
  /** The session's public name, `sid` in access tokens. */
  readonly sid: string
  readonly userId: string
  readonly clientId: string
  readonly mode: SessionMode
  /** The scope to which the sign-in narrowed itself; `null` for all that the user's roles give. */
  readonly scope: string | null
  /** The audience to which the sign-in narrowed itself; `null` for any that the server issues for. */
  readonly audience: string | null
  /** Authentication methods (RFC 8176). */
  readonly amr: readonly string[]
  readonly userAgent: string | null
  readonly ip: string | null
  readonly createdAt: number
  readonly lastSeenAt: number
  /** Never before a not-before of the user that was written earlier. */
  readonly authenticatedAt: number
  readonly idleExpiresAt: number
  readonly absoluteExpiresAt: number
}

/** A session that may be used, and the built-in account of its user, if there is one: both by one look. */
export interface LiveSession {
  readonly session: Session
  readonly account: Account | undefined
}

export interface NewSession
  extends Pick<Session, 'sid' | 'userId' | 'clientId' | 'mode' | 'scope' | 'audience' | 'amr' | 'userAgent' | 'ip'> {
  readonly ridHash: Uint8Array
  readonly pepperId: number
  readonly idleLifetime: number
  readonly absoluteLifetime: number
  /** How many sessions the user may have, this one among them; those seen longest ago end for it. At most `mostAtOnce`. */
  readonly maxSessions: number
  /** What was verified, so that a password that changed meanwhile opens nothing. */
  readonly verified:
    | { readonly passwordVersion: number }
    /** The application keeps its own accounts: what `markCredentials` answered before it verified the password. */
    | { readonly mark: number }
}

/**
 * The clock is more than a second behind a not-before that was written earlier: it has been set back. A token issued now would be
 * younger than what was revoked only by a lie. Nothing has changed.
 */
export interface ClockBehind {
  readonly outcome: 'clock_behind'
}

/** What the minting of an access token takes from the transaction that allowed it. */
export interface MintingMoment {
  readonly now: number
  /** No token may be dated before. */
  readonly notBefore: number
  /** Raised by each change of the signing keys: a key that was revoked signs nothing any more. */
  readonly keysVersion: number
}

export type Opening =
  | ({
      readonly outcome: 'opened'
      readonly session: Session
      /** The sessions that were ended to make room for it. */
      readonly ended: readonly string[]
    } & MintingMoment)
  /** The password was changed, or the account deleted, while this login was verifying it. */
  | { readonly outcome: 'credentials_changed' }
  | ClockBehind

/** Why a session is over. */
export type RevocationReason =
  | 'logout'
  | 'logout_all'
  | 'ended_by_user'
  | 'password_change'
  | 'account_deleted'
  | 'sign_in_failed'
  /** The same browser has signed in anew. */
  | 'replaced'
  /** The user had as many as one may have, and has signed in once more. */
  | 'too_many_sessions'
  | 'refresh_token_reuse'
  | 'suspended'
  /** By an operator. */
  | 'revoked'

/** A refresh token that has proven itself, and the terms on which it may move its session. */
export interface Presentation extends PresentedToken {
  readonly ridHash: Uint8Array
  readonly clientId: string
  /** The modes in which such a token may come. */
  readonly modes: readonly SessionMode[]
  /** The pepper with which a new generation is made. */
  readonly pepperId: number
  readonly limits: RotationLimits
  readonly idleLifetime: number
  /** The audience that was asked for, or `null`. */
  readonly audience: string | null
  /** Past this moment of the store's clock nothing may change any more. */
  readonly deadline: number
}

export type Rotation =
  | ({
      readonly outcome: Served
      readonly session: Session
      /** The built-in account of its user, if there is one. */
      readonly account: Account | undefined
      readonly state: RotationState
      /** Pepper of the current generation's tokens. */
      readonly pepperId: number
      /** Whether to hand out the current refresh token; otherwise the presented one is kept. */
      readonly successor: boolean
    } & MintingMoment)
  /** Theft: the session has been ended, and that is committed. */
  | { readonly outcome: 'reused'; readonly sid: string; readonly userId: string }
  /** A token this database never issued: it was restored from a backup. Nothing has changed. */
  | { readonly outcome: 'ahead'; readonly sid: string; readonly userId: string }
  /** The session is over: ended, idle too long, too old, or authenticated before its user's not-before. */
  | { readonly outcome: 'over'; readonly sid: string; readonly why: string }
  /** The deadline has passed. Nothing has changed. */
  | { readonly outcome: 'late' }
  /** No such session, or it belongs to another client or mode. */
  | { readonly outcome: 'unknown' }
  /** The session was narrowed to another audience. Nothing has changed. */
  | { readonly outcome: 'other_audience' }
  | ClockBehind

/** A session token that came with a request. */
export interface SessionUse {
  readonly ridHash: Uint8Array
  readonly mode: SessionMode
  readonly idleLifetime: number
  /** How long after it was last seen the session's idle lifetime slides again: not at every request. */
  readonly slideAfter: number
}

export interface Store extends ClientStore, KeyStore, RevocationStore {
  /** Reads the store's clock, epoch milliseconds. @throws when the store cannot be reached. */
  now(): Promise<number>
  /** Tells whether the store takes what is written: a replica or a full disk can be read. @throws when it cannot be reached. */
  isWritable(): Promise<boolean>
  /** Tells what the store's clock reads now, without asking it: exact here, within a round trip for a remote store. */
  estimateNow(): number
  close(): Promise<void>
  /** Tells what the connections of a remote store do. */
  connections?(): { readonly total: number; readonly idle: number; readonly waiting: number }

  /** Makes an account, unless the address has one. Both outcomes do the same work. An operator's act is kept in the audit table. */
  createAccount(account: NewAccount, act?: Act): Promise<{ outcome: 'created' | 'taken' }>
  findCredentials(email: string): Promise<AccountCredentials | undefined>
  findCredentialsById(userId: string): Promise<AccountCredentials | undefined>
  findAccount(userId: string): Promise<Account | undefined>
  /** Sets roles or claims. An operator's act is kept in the audit table. */
  updateAccount(userId: string, change: AccountChange, act?: Act): Promise<{ outcome: 'updated' | 'unknown' }>
  /**
   * Replaces a password and ends every session of the user but `keepSid`; not if another change came first, nor if `keepSid` is over
   * by now. An operator's act is kept in the audit table.
   */
  replacePassword(
    change: {
      readonly userId: string
      readonly fromVersion: number
      readonly passwordHash: string
      readonly keepSid: string
    },
    act?: Act,
  ): Promise<{ outcome: 'replaced' | 'credentials_changed' }>
  /** Deletes an account, its sessions and all personal data, unless its password was changed meanwhile. */
  deleteAccount(userId: string, fromVersion: number): Promise<{ outcome: 'deleted' | 'credentials_changed' }>

  /** A number that each change of anyone's credentials raises: those verified after it was read are no older than it. */
  markCredentials(): Promise<number>
  openSession(session: NewSession): Promise<Opening>
  /** Moves a session by a presented refresh token: the state machine of sessions/rotation.ts in one transaction. */
  rotate(presentation: Presentation): Promise<Rotation>
  /** Finds a session that may still be used; with a token that belongs to it, only if that is not revoked by itself or with its key. */
  findLiveSession(sid: string, token?: Pick<TokenMarks, 'jti' | 'kid'>): Promise<LiveSession | undefined>
  findLiveSessionByRid(ridHash: Uint8Array): Promise<Session | undefined>
  /** Finds the live session of a session token, and slides its idle lifetime when that is due. */
  useSession(use: SessionUse): Promise<LiveSession | undefined>
  /** The user's sessions that may still be used, the last seen first; of more than `mostAtOnce` those that were opened last. */
  listLiveSessions(userId: string): Promise<readonly Session[]>
  revokeSession(
    session: { readonly sid: string; readonly userId: string } | { readonly ridHash: Uint8Array },
    reason: RevocationReason,
  ): Promise<{ outcome: 'revoked'; readonly sid: string; readonly userId: string } | { outcome: 'over' | 'unknown' }>
  /**
   * Ends every session of a user but one, each by itself: the access tokens of the one that is kept go on. More than `mostAtOnce`, as there
   * may be from before there was a limit, end by the user's not-before, as in `revokeSessions`. `none` if there was none to end.
   */
  revokeOtherSessions(
    userId: string,
    keepSid: string,
    reason: RevocationReason,
  ): Promise<{ outcome: 'revoked' | 'none' }>
  /**
   * Raises the user's not-before, which ends every session but `keepSid`. Works for users without a built-in account. `none` if there was
   * none to end; the not-before is raised all the same.
   */
  revokeSessions(userId: string, reason: RevocationReason, keepSid?: string): Promise<{ outcome: 'revoked' | 'none' }>
}
