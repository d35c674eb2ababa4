/** Every SQL statement of the SQLite store, prepared once. */
import type { DatabaseSync } from 'node:sqlite'

const accountColumns = `a.user_id, a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at,
  a.password_hash, a.password_version`

/** A session may be used while it is not revoked, neither lifetime is over, and its user's not-before is no later. */
const live = `s.revoked_at IS NULL AND s.idle_expires_at > :now AND s.absolute_expires_at > :now
  AND s.authenticated_at >= u.not_before_at`

const sql = {
  ping: 'SELECT 1',
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',

  insertUser: 'INSERT INTO users (id, created_at) VALUES (:id, :now) ON CONFLICT DO NOTHING',
  findUser: 'SELECT not_before_at, credentials_mark, deleted_at FROM users WHERE id = ?',
  raiseNotBefore: 'UPDATE users SET not_before_at = max(not_before_at, :notBefore) WHERE id = :id',
  latestCredentialMark: 'SELECT latest FROM credential_marks',
  nextCredentialMark: 'UPDATE credential_marks SET latest = latest + 1',
  markCredentials: 'UPDATE users SET credentials_mark = (SELECT latest FROM credential_marks) WHERE id = ?',
  deleteUser: 'DELETE FROM users WHERE id = ?',
  markUserDeleted: 'UPDATE users SET deleted_at = :now WHERE id = :id',

  insertAccount: `INSERT INTO accounts (user_id, email, password_hash, created_at)
    VALUES (:id, :email, :passwordHash, :now)`,
  findAccountByEmail: `SELECT ${accountColumns} FROM accounts a WHERE a.email = ?`,
  findAccount: `SELECT ${accountColumns} FROM accounts a WHERE a.user_id = ?`,
  updateAccount: `UPDATE accounts SET roles = coalesce(:roles, roles), claims = coalesce(:claims, claims) WHERE user_id = :id`,
  replacePassword: `UPDATE accounts SET password_hash = :passwordHash, password_version = password_version + 1
    WHERE user_id = :userId AND password_version = :fromVersion`,
  deleteAccount: 'DELETE FROM accounts WHERE user_id = :userId AND password_version = :fromVersion',

  insertSession: `INSERT INTO sessions (sid, rid_hash, user_id, client_id, mode, scope, audience, amr, user_agent, ip, pepper_id,
      gen, att, prev_att, last_served_at, generation_started_at, confirmed, back,
      created_at, last_seen_at, authenticated_at, idle_expires_at, absolute_expires_at)
    VALUES (:sid, :ridHash, :userId, :clientId, :mode, :scope, :audience, :amr, :userAgent, :ip, :pepperId,
      :gen, :att, :prevAtt, :lastServedAt, :generationStartedAt, :confirmed, :back,
      :now, :now, :authenticatedAt, :idleExpiresAt, :absoluteExpiresAt)`,
  findSessionByRid: 'SELECT s.*, u.not_before_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.rid_hash = ?',
  moveSession: `UPDATE sessions SET gen = :gen, att = :att, prev_att = :prevAtt, last_served_at = :lastServedAt,
      generation_started_at = :generationStartedAt, confirmed = :confirmed, back = :back,
      pepper_id = :pepperId, idle_expires_at = :idleExpiresAt, last_seen_at = :now
    WHERE sid = :sid`,
  findLiveSession: `SELECT s.* FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.sid = :sid AND ${live}`,
  listLiveSessions: `SELECT s.* FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.user_id = :userId AND ${live} ORDER BY s.last_seen_at DESC, s.sid`,
  findSessionBySid: 'SELECT sid, revoked_at FROM sessions WHERE sid = ? AND user_id = ?',
  revokeSession:
    'UPDATE sessions SET revoked_at = :now, revoke_reason = :reason WHERE sid = :sid AND revoked_at IS NULL',
  revokeSessions: `UPDATE sessions SET revoked_at = :now, revoke_reason = :reason
    WHERE user_id = :userId AND sid <> :keepSid AND revoked_at IS NULL`,
  reauthenticate:
    'UPDATE sessions SET authenticated_at = max(authenticated_at, :notBefore) WHERE sid = :sid AND user_id = :userId',
  deleteSessions: 'DELETE FROM sessions WHERE user_id = ?',
  deleteExpiredSessions: `DELETE FROM sessions WHERE sid IN
    (SELECT sid FROM sessions WHERE absolute_expires_at < :now ORDER BY absolute_expires_at LIMIT 10)`,

  listSigningKeys: 'SELECT * FROM signing_keys ORDER BY created_at, kid',
  insertSigningKey: `INSERT INTO signing_keys (kid, alg, sealed, created_at)
    SELECT :kid, :alg, :sealed, :createdAt WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = :alg)`,
  findSigningKey: 'SELECT * FROM signing_keys WHERE alg = ? ORDER BY created_at DESC, kid LIMIT 1',
  listPeppers: 'SELECT * FROM peppers ORDER BY id',
  insertPepper: 'INSERT INTO peppers (id, sealed, created_at) VALUES (:id, :sealed, :createdAt) ON CONFLICT DO NOTHING',
  findPepper: 'SELECT * FROM peppers WHERE id = ?',
}

export type Statements = { readonly [Name in keyof typeof sql]: ReturnType<DatabaseSync['prepare']> }

export function prepareStatements(database: DatabaseSync): Statements {
  const entries = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)])
  return Object.fromEntries(entries) as Statements
}
