/** How rows read as the records of store.ts where every database has the same columns, whether a number comes as one or as text. */
import type { RevocationEntry, RevocationKind } from '@countersign/token/revocations'
import type { Client } from './client-store.ts'
import type { SealedPepper, SigningKey, SigningKeyRecord } from './key-store.ts'
import type { AuditRecord } from './revocation-store.ts'
import type { Session, SessionMode } from './store.ts'

export type Row = Readonly<Record<string, unknown>>

const textOrNull = (value: unknown): string | null => (value === null ? null : String(value))
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value))

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

export function toSigningKey(row: Row): SigningKey {
  return { ...toSigningKeyRecord(row), sealed: row.sealed as Uint8Array }
}

export function toSealedPepper(row: Row): SealedPepper {
  return { id: Number(row.id), sealed: row.sealed as Uint8Array, createdAt: Number(row.created_at) }
}

export function toSigningKeyRecord(row: Row): SigningKeyRecord {
  return {
    kid: String(row.kid),
    alg: String(row.alg),
    createdAt: Number(row.created_at),
    activateAt: Number(row.activate_at),
    retireAt: numberOrNull(row.retire_at),
    revokedAt: numberOrNull(row.revoked_at),
  }
}

export function toClient(row: Row): Client {
  const scope = String(row.scope)
  return {
    id: String(row.id),
    name: String(row.name),
    scope: scope === '' ? [] : scope.split(' '),
    createdAt: Number(row.created_at),
    disabledAt: numberOrNull(row.disabled_at),
    notBefore: Number(row.not_before_at),
  }
}

export function toEntry(row: Row): RevocationEntry {
  return [row.kind as RevocationKind, String(row.value), Number(row.not_before), Number(row.expires_at)]
}

export function toAuditRecord(row: Row): AuditRecord {
  return {
    id: Number(row.id),
    at: Number(row.at),
    event: String(row.event),
    actor: String(row.actor),
    subject: String(row.subject),
    reason: String(row.reason),
  }
}
