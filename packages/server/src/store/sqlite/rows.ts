/** How rows of the SQLite tables read where they are its own: it knows neither truth values nor JSON. */
import type { RotationState } from '../../sessions/rotation.ts'
import { type Row, toSession } from '../rows.ts'
import type { Account, AccountCredentials, LiveSession } from '../store.ts'

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
