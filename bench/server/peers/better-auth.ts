// better-auth as its guide sets it up on Node with SQLite, e-mail and password, and a session cookie. Its rate limit is off,
// since one address makes all requests here, and each look at a session renews it, or there would be nothing to compare with a
// refresh.
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'

const { PORT = '3000', DATABASE = 'better-auth.db', BETTER_AUTH_SECRET = '' } = process.env

const database = new DatabaseSync(DATABASE)
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
const isNew = database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined

const options = {
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: BETTER_AUTH_SECRET,
  database,
  emailAndPassword: { enabled: true },
  session: { updateAge: 0 },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
} satisfies BetterAuthOptions

// Its guide migrates before the server starts: only the first start, which is not measured, does.
if (isNew) await (await getMigrations(options)).runMigrations()

createServer(toNodeHandler(betterAuth(options))).listen(Number(PORT), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
