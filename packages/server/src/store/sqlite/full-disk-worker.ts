/** Makes accounts until the file may not grow any more, and tells how many were acknowledged. */
import { openSqliteStore } from './sqlite-store.ts'

const store = openSqliteStore({ path: process.argv[2] ?? '' })
let made = 0
try {
  for (; made < 10_000; made++) {
    await store.createAccount({ id: `usr_${made}`, email: `${made}@example.com`, passwordHash: 'x'.repeat(500) })
  }
} catch (error) {
  process.stdout.write(`made ${made} then ${(error as Error).name}\n`)
}
