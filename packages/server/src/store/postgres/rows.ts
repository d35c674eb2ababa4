/** How rows of the PostgreSQL tables read as the records of store.ts. A bigint comes as text. */
import type { Client } from '../client-store.ts'
import type { FeedHead } from '../revocation-store.ts'
import type {
  Account,
  AccountCredentials,
  LiveSession,
  SealedKey,
  SealedPepper,
  Session,
  SessionMode,
} from '../store.ts'

export type Row = Record<string, unknown>

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value))

export function toAccount(row: Row): Account {
  return {
    id: String(row.user_id),
    email: String(row.email),
    emailVerified: row.email_verified === true,
    roles: row.roles as string[],
    claims: row.claims as Record<string, unknown>,
    createdAt: Number(row.created_at),
  }
}

export function toCredentials(row: Row): AccountCredentials {
  return {
    ...toAccount(row),
    passwordHash: String(row.password_hash),
    passwordVersion: Number(row.password_version),
  }
}

export function toSession(row: Row): Session {
  return {
    sid: String(row.sid),
    userId: String(row.user_id),
    clientId: String(row.client_id),
    mode: row.mode as SessionMode,
    scope: textOrNull(row.scope),
    audience: textOrNull(row.audience),
    amr: String(row.amr).split(' '),
    userAgent: textOrNull(row.user_agent),
    ip: textOrNull(row.ip),
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    authenticatedAt: Number(row.authenticated_at),
    idleExpiresAt: Number(row.idle_expires_at),
    absoluteExpiresAt: Number(row.absolute_expires_at),
  }
}

/** A row of a session with its user's account, if there is one. */
export function toLiveSession(row: Row): LiveSession {
  const account = { ...row, created_at: row.account_created_at }
  return { session: toSession(row), account: row.email === null ? undefined : toAccount(account) }
}

export function toSealedKey(row: Row): SealedKey {
  return {
    kid: String(row.kid),
    alg: String(row.alg),
    sealed: row.sealed as Uint8Array,
    createdAt: Number(row.created_at),
  }
}

export function toSealedPepper(row: Row): SealedPepper {
  return { id: Number(row.id), sealed: row.sealed as Uint8Array, createdAt: Number(row.created_at) }
}

export function toClient(row: Row): Client {
  const scope = String(row.scope)
  return {
    id: String(row.id),
    name: String(row.name),
    scope: scope === '' ? [] : scope.split(' '),
    createdAt: Number(row.created_at),
    disabledAt: row.disabled_at === null ? null : Number(row.disabled_at),
    notBefore: Number(row.not_before_at),
  }
}

export function toHead(row: Row): FeedHead {
  return {
    epoch: String(row.epoch),
    seq: Number(row.seq),
    tickAt: Number(row.tick_at),
    keysVersion: Number(row.keys_version),
    maxLifetime: Number(row.max_lifetime),
  }
}
