/** Sealed signing keys and peppers in PostgreSQL. What was kept first stays, whoever else makes one at the same time. */
import { type Row, toSealedKey, toSealedPepper, toSigningKeyRecord } from '../rows.ts'
import type { Store } from '../store.ts'
import { calls } from './calls.ts'
import type { Database } from './database.ts'

type KeyMethods = Pick<
  Store,
  'listSigningKeys' | 'listSigningKeyRecords' | 'addSigningKey' | 'listPeppers' | 'addPepper'
>

export function keysIn({ run }: Database): KeyMethods {
  return {
    async listSigningKeys() {
      return (await run(calls.listSigningKeys)).map(toSealedKey)
    },

    async listSigningKeyRecords() {
      return (await run(calls.listSigningKeyRecords)).map(toSigningKeyRecord)
    },

    async addSigningKey({ kid, alg, sealed, createdAt }) {
      const [row] = await run(calls.addSigningKey, [kid, alg, sealed, createdAt])
      return toSealedKey(row as Row)
    },

    async listPeppers() {
      return (await run(calls.listPeppers)).map(toSealedPepper)
    },

    async addPepper({ id, sealed, createdAt }) {
      // A statement does not see what another has committed since it began: then the second finds it.
      const [row] = await run(calls.addPepper, [id, sealed, createdAt])
      const [kept] = row === undefined ? await run(calls.findPepper, [id]) : [row]
      return toSealedPepper(kept as Row)
    },
  }
}
