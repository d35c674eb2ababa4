/** How rows of the SQLite tables read as the records of store.ts. */
import type { SQLOutputValue } from 'node:sqlite'
import type { RotationState } from '../../sessions/rotation.ts'
import type {
  Account,
  AccountCredentials,
  LiveSession,
  SealedKey,
  SealedPepper,
  Session,
  SessionMode,
  SigningKeyRecord,
} from '../store.ts'

export type Row = Record<string, SQLOutputValue>

export function toAccount(row: Row): Account {
  return {
    id: String(row.user_id),
    email: String(row.email),
    emailVerified: row.email_verified === 1,
    roles: JSON.parse(String(row.roles)) as string[],
    claims: JSON.parse(String(row.claims)) as Record<string, unknown>,
    createdAt: Number(row.account_created_at),
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
    scope: row.scope === null ? null : String(row.scope),
    audience: row.audience === null ? null : String(row.audience),
    amr: String(row.amr).split(' '),
    userAgent: row.user_agent === null ? null : String(row.user_agent),
    ip: row.ip === null ? null : String(row.ip),
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    authenticatedAt: Number(row.authenticated_at),
    idleExpiresAt: Number(row.idle_expires_at),
    absoluteExpiresAt: Number(row.absolute_expires_at),
  }
}

/** A row of a session with its user's account, if there is one. */
export function toLiveSession(row: Row): LiveSession {
  return { session: toSession(row), account: row.email === null ? undefined : toAccount(row) }
}

export function toRotationState(row: Row): RotationState {
  return {
    gen: Number(row.gen),
    att: Number(row.att),
    prevAtt: Number(row.prev_att),
    lastServedAt: Number(row.last_served_at),
    generationStartedAt: Number(row.generation_started_at),
    confirmed: row.confirmed === 1,
    back: Number(row.back),
  }
}

export function toSealedKey(row: Row): SealedKey {
  return {
    kid: String(row.kid),
    alg: String(row.alg),
    sealed: row.sealed as Uint8Array,
    createdAt: Number(row.created_at),
  }
}

export function toSigningKeyRecord(row: Row): SigningKeyRecord {
  return {
    kid: String(row.kid),
    alg: String(row.alg),
    createdAt: Number(row.created_at),
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  }
}

export function toSealedPepper(row: Row): SealedPepper {
  return { id: Number(row.id), sealed: row.sealed as Uint8Array, createdAt: Number(row.created_at) }
}
