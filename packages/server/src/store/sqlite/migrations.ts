/**
 * The schema, as the list of steps that made it. A step is never edited once released; `PRAGMA user_version` counts the
 * steps a file has had, and `PRAGMA application_id` tells our files from anyone else's.
 */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** "Csgn" in ASCII. */
const applicationId = 0x4373676e

/** "Csgm": ours, and moved away. */
const movedApplicationId = 0x4373676d

/** SQLITE_NOTADB */
const notADatabase = 26

const steps: readonly string[] = [
  `CREATE TABLE users (
     id TEXT PRIMARY KEY,
     not_before_at INTEGER NOT NULL DEFAULT 0,
     credentials_mark INTEGER NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     deleted_at INTEGER
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE accounts (
     user_id TEXT PRIMARY KEY REFERENCES users (id),
     email TEXT NOT NULL UNIQUE,
     email_verified INTEGER NOT NULL DEFAULT 0,
     password_hash TEXT NOT NULL,
     password_version INTEGER NOT NULL DEFAULT 1,
     roles TEXT NOT NULL DEFAULT '[]',
     claims TEXT NOT NULL DEFAULT '{}',
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE credential_marks (
     latest INTEGER NOT NULL
   ) STRICT;
   INSERT INTO credential_marks VALUES (0);

   CREATE TABLE sessions (
     sid TEXT PRIMARY KEY,
     rid_hash BLOB NOT NULL UNIQUE,
     user_id TEXT NOT NULL REFERENCES users (id),
     client_id TEXT NOT NULL,
     mode TEXT NOT NULL,
     scope TEXT,
     audience TEXT,
     amr TEXT NOT NULL,
     user_agent TEXT,
     ip TEXT,
     pepper_id INTEGER NOT NULL,
     gen INTEGER NOT NULL,
     att INTEGER NOT NULL,
     prev_att INTEGER NOT NULL,
     last_served_at INTEGER NOT NULL,
     generation_started_at INTEGER NOT NULL,
     confirmed INTEGER NOT NULL,
     back INTEGER NOT NULL,
     created_at INTEGER NOT NULL,
     last_seen_at INTEGER NOT NULL,
     authenticated_at INTEGER NOT NULL,
     idle_expires_at INTEGER NOT NULL,
     absolute_expires_at INTEGER NOT NULL,
     revoked_at INTEGER,
     revoke_reason TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX sessions_by_user ON sessions (user_id);
   CREATE INDEX sessions_by_absolute_expiry ON sessions (absolute_expires_at);

   CREATE TABLE signing_keys (
     kid TEXT PRIMARY KEY,
     alg TEXT NOT NULL,
     sealed BLOB NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE peppers (
     id INTEGER PRIMARY KEY,
     sealed BLOB NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;`,

  `ALTER TABLE users ADD COLUMN suspended_at INTEGER;
   ALTER TABLE signing_keys ADD COLUMN revoked_at INTEGER;

   CREATE TABLE clients (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     secret_hash BLOB NOT NULL,
     scope TEXT NOT NULL,
     not_before_at INTEGER NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     disabled_at INTEGER
   ) STRICT, WITHOUT ROWID;

   -- AUTOINCREMENT: the id is the order of writing, and must not be used again when the newest row is tidied away.
   CREATE TABLE revocations (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     seq INTEGER UNIQUE,
     kind TEXT NOT NULL,
     value TEXT NOT NULL,
     not_before INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX revocations_unnumbered ON revocations (id) WHERE seq IS NULL;
   CREATE INDEX revocations_by_value ON revocations (value, kind);
   CREATE INDEX revocations_by_expiry ON revocations (expires_at);

   CREATE TABLE revocation_feed (
     epoch TEXT NOT NULL,
     head INTEGER NOT NULL,
     tick_at INTEGER NOT NULL,
     not_before_at INTEGER NOT NULL,
     lifetime INTEGER NOT NULL,
     longer_lifetime INTEGER NOT NULL,
     longer_until INTEGER NOT NULL,
     keys_version INTEGER NOT NULL
   ) STRICT;
   -- The tokens of an older version may have the longest lifetime that there is; a new database has given out none.
   INSERT INTO revocation_feed SELECT 'none', 0, 0, 0, CASE WHEN EXISTS (SELECT 1 FROM users) THEN 3600 ELSE 0 END, 0, 0, 1;

   CREATE TABLE audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at INTEGER NOT NULL,
     event TEXT NOT NULL,
     actor TEXT NOT NULL,
     subject TEXT NOT NULL,
     reason TEXT NOT NULL
   ) STRICT;
   CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit table is append-only'); END;
   CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit table is append-only'); END;`,

  `ALTER TABLE signing_keys ADD COLUMN activate_at INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE signing_keys ADD COLUMN retire_at INTEGER;
   UPDATE signing_keys SET activate_at = created_at;
   UPDATE signing_keys AS k SET retire_at = (SELECT min(n.created_at) FROM signing_keys n
     WHERE n.created_at > k.created_at AND n.revoked_at IS NULL);`,

  'CREATE INDEX sessions_unended ON sessions (user_id, authenticated_at) WHERE revoked_at IS NULL;',
]

/** The schema version that this program writes. */
const schemaVersion = steps.length

/** A database file that this program must not open. The message says what to do. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError'
}

/** Refuses a file of another program, of a newer version of this one, or whose content was moved away; reads only. */
export function assertUsable(path: string): void {
  if (path === ':memory:' || !existsSync(path)) return
  const database = openToLook(path)
  try {
    const version = pragma(database, 'user_version')
    const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count
    if (version === 0 && tables === 0) return
    const owner = pragma(database, 'application_id')
    if (owner === movedApplicationId) throw new UnusableDatabaseError(`${path} ${movedAway}`)
    if (owner !== applicationId) throw new UnusableDatabaseError(anotherProgram(path))
    if (version > schemaVersion) {
      throw new UnusableDatabaseError(
        `${path} was written by a newer version of Countersign (schema ${version}; this version knows ${schemaVersion}). ` +
          'Start that version, or restore a backup made before the upgrade.',
      )
    }
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === notADatabase) {
      throw new UnusableDatabaseError(anotherProgram(path))
    }
    throw error
  } finally {
    database.close()
  }
}

/** A file with a write-ahead log is in use or was left in mid-work, and is read with it; one without is all there is. */
function openToLook(path: string): DatabaseSync {
  if (existsSync(`${path}-wal`)) return new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  const file = pathToFileURL(path)
  file.search = '?immutable=1'
  return new DatabaseSync(file, { readOnly: true })
}

function anotherProgram(path: string): string {
  return `${path} is not a database of Countersign. Name another file in COUNTERSIGN_DATABASE_URL.`
}

/** Brings a file to the present schema, all missing steps in one transaction. */
export function migrate(database: DatabaseSync): void {
  if (pragma(database, 'user_version') === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = pragma(database, 'user_version')
    for (const step of steps.slice(version)) database.exec(step)
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Ends the sentence that names a file whose content was moved away. */
export const movedAway =
  'was moved to PostgreSQL by countersign copy, and is not used any more. Set COUNTERSIGN_DATABASE_URL to that database.'

/**
 * Marks a file as moved away, in the caller's transaction: nothing starts on it again, and a server that still runs on it can neither
 * read nor write, or it would go on with what has since been revoked elsewhere.
 */
export function markMoved(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
  for (const { name } of tables.all()) database.exec(`ALTER TABLE ${name} RENAME TO moved_${name}`)
  database.exec(`PRAGMA application_id = ${movedApplicationId}`)
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
