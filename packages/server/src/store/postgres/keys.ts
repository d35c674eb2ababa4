/** Signing keys and peppers in PostgreSQL. */
import type { KeyStore } from '../key-store.ts'
import { toSealedPepper, toSigningKey, toSigningKeyRecord } from '../rows.ts'
import { calls } from './calls.ts'
import type { Database } from './database.ts'

export function keysIn({ run }: Database): KeyStore {
  return {
    async listSigningKeys() {
      return (await run(calls.listSigningKeys)).map(toSigningKey)
    },

    async listSigningKeyRecords() {
      return (await run(calls.listSigningKeyRecords)).map(toSigningKeyRecord)
    },

    async addSigningKey({ kid, alg, sealed, createdAt }, { rotationPeriod, publishAhead, changesAlgorithm }) {
      const plan = [rotationPeriod, publishAhead, changesAlgorithm]
      const [row] = await run(calls.addSigningKey, [kid, alg, sealed, createdAt, ...plan])
      return { outcome: row?.outcome }
    },

    async rotateSigningKeys(publishAhead, { actor, reason }) {
      const [row] = await run(calls.rotateSigningKeys, [publishAhead, actor, reason])
      if (row?.outcome !== 'rotated') return { outcome: 'none_pending' }
      return { outcome: 'rotated', kid: String(row.kid), activateAt: Number(row.activate_at) }
    },

    async destroySigningKeys(retention) {
      await run(calls.destroySigningKeys, [retention])
    },

    async resealSigningKey(kid, { from, to }) {
      await run(calls.resealSigningKey, [kid, from, to])
    },

    async abandonKeys({ actor, reason }) {
      await run(calls.abandonKeys, [actor, reason])
    },

    async listPeppers() {
      return (await run(calls.listPeppers)).map(toSealedPepper)
    },

    async addPepper({ id, sealed, createdAt }, act) {
      const [row] = await run(calls.addPepper, [id, sealed, createdAt, act?.actor ?? null, act?.reason ?? null])
      return { outcome: row?.outcome }
    },

    async resealPepper(id, { from, to }) {
      await run(calls.resealPepper, [id, from, to])
    },
  }
}
