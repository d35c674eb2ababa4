// Argon2id and nothing else: verifies one password again and again, as many at once as a server does, and says when it is done.
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'

const password = 'a passphrase that nobody has'
// The cost of a login (packages/server/src/accounts/password-hasher.ts); 2 is Argon2id, whose name exists in types only.
const stored = await hash(password, { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 })

process.on('message', async (count: number) => {
  let left = count
  const workers = Array.from({ length: availableParallelism() }, async () => {
    while (left-- > 0) if (!(await verify(stored, password))) throw new Error('The password was not recognized.')
  })
  await Promise.all(workers)
  process.send?.('done')
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
