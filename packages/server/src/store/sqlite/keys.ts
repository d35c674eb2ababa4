/** Signing keys and peppers in SQLite. */
import type { KeyStore } from '../key-store.ts'
import type { Act } from '../revocation-store.ts'
import { toSealedPepper, toSigningKey, toSigningKeyRecord } from '../rows.ts'
import type { Database } from './database.ts'
import { audit, endEverything, writeEntry } from './entries.ts'
import type { Statements } from './statements.ts'

export function keysIn({ sql, transaction }: Database): KeyStore {
  return {
    async listSigningKeys() {
      return sql.listSigningKeys.all().map(toSigningKey)
    },

    async listSigningKeyRecords() {
      return sql.listSigningKeyRecords.all().map(toSigningKeyRecord)
    },

    async addSigningKey(key, { rotationPeriod, publishAhead, changesAlgorithm }) {
      return transaction((now) => {
        const active = sql.findActiveKey.get({ now })
        const pending = sql.findPendingKey.get({ now })
        if (active !== undefined && pending !== undefined) {
          if (!changesAlgorithm || pending.alg === key.alg) return { outcome: 'not_needed' }
          sql.deletePendingKeys.run({ now })
        }
        const soon = now + publishAhead
        const due = active?.alg === key.alg ? Math.max(Number(active.activate_at) + rotationPeriod, soon) : soon
        const activateAt = active === undefined ? now : due
        sql.insertSigningKey.run({ ...key, activateAt })
        changeRing(sql, now)
        return { outcome: active === undefined ? 'active' : 'pending' }
      })
    },

    async rotateSigningKeys(publishAhead, act) {
      return transaction((now) => {
        const pending = sql.findPendingKey.get({ now })
        if (pending === undefined) return { outcome: 'none_pending' }
        const published = Number(pending.created_at) + publishAhead
        const activateAt = Math.min(Number(pending.activate_at), Math.max(now, published))
        const kid = String(pending.kid)
        sql.activateSigningKey.run({ kid, at: activateAt })
        changeRing(sql, now)
        audit(sql, 'keys.rotate', kid, act, now)
        return { outcome: 'rotated', kid, activateAt }
      })
    },

    async destroySigningKeys(retention) {
      await transaction((now) => sql.destroySigningKeys.run({ retention, now }))
    },

    async resealSigningKey(kid, change) {
      await transaction(() => sql.resealSigningKey.run({ kid, ...change }))
    },

    async abandonKeys(act) {
      await transaction((now) => {
        endEverythingIssued(sql, act, now)
        sql.deletePeppers.run()
        audit(sql, 'keys.abandon', '*', act, now)
      })
    },

    async listPeppers() {
      return sql.listPeppers.all().map(toSealedPepper)
    },

    async addPepper(pepper, act) {
      return transaction((now) => {
        if (sql.insertPepper.run({ ...pepper }).changes === 0) return { outcome: 'taken' }
        sql.raiseKeysVersion.run()
        if (act !== undefined) audit(sql, 'keys.rotate_pepper', String(pepper.id), act, now)
        return { outcome: 'added' }
      })
    },

    async resealPepper(id, change) {
      await transaction(() => sql.resealPepper.run({ id, ...change }))
    },
  }
}

/** Revokes a key, and lets the pending one take its place at once if it was the active one; inside the transaction of the act. */
export function revokeKey(sql: Statements, kid: string, now: number): boolean {
  const revoked = sql.findSigningKey.get(kid)
  if (revoked === undefined) return false
  const active = sql.findActiveKey.get({ now })
  const pending = sql.findPendingKey.get({ now })
  sql.revokeSigningKey.run({ kid, now })
  if (kid === active?.kid && pending !== undefined) sql.activateSigningKey.run({ kid: String(pending.kid), at: now })
  changeRing(sql, now)
  return true
}

/**
 * Ends everything that was issued and revokes every key, as an act of its own where nobody knows how long what was issued lives: it is taken to
 * live for as long as any token may. The next server that mints makes a key that signs at once.
 */
export function endEverythingIssued(sql: Statements, act: Act, now: number): void {
  sql.assumeLongestLifetime.run({ now })
  endEverything(sql, now)
  audit(sql, 'revoke.all', '*', act, now)
  for (const { kid } of sql.revokeSigningKeys.all({ now })) writeEntry(sql, 'k', String(kid), 0, now)
  sql.raiseKeysVersion.run()
}

/** Lets each key end when the next begins, and everyone know that the ring has changed. */
function changeRing(sql: Statements, now: number): void {
  sql.retireSigningKeys.run({ now })
  sql.raiseKeysVersion.run()
}
