/** Makes accounts until the file may not grow any more, and tells how many were acknowledged, and whether the store said that it takes writes: before, after, and after a small one. */
import { openSqliteStore } from './sqlite-store.ts'

const store = openSqliteStore({ path: process.argv[2] ?? '' })
const writable = [await store.isWritable()]
let made = 0
try {
  for (; made < 10_000; made++) {
    await store.createAccount({ id: `usr_${made}`, email: `${made}@example.com`, passwordHash: 'x'.repeat(500) })
  }
} catch (error) {
  writable.push(await store.isWritable())
  await store.sequence(1, 0)
  writable.push(await store.isWritable())
  process.stdout.write(`made ${made} then ${(error as Error).name}, writable ${writable.join(' ')}\n`)
}
