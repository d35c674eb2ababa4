/** How rows of the PostgreSQL tables read where they are its own. A bigint comes as text. */
import type { RotationState } from '../../sessions/rotation.ts'
import type { FeedHead } from '../revocation-store.ts'
import { type Row, toSession } from '../rows.ts'
import type { Account, AccountCredentials, LiveSession } from '../store.ts'

export function toAccount(row: Row): Account {
  return {
    id: String(row.user_id),
    email: String(row.email),
    emailVerified: row.email_verified === true,
    roles: row.roles as string[],
    claims: row.claims as Record<string, unknown>,
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
    confirmed: row.confirmed === true,
    back: Number(row.back),
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
