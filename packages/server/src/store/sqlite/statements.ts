/** Every SQL statement of the SQLite store, prepared once. */
import type { DatabaseSync } from 'node:sqlite'
import { mostAtOnce } from '../session-limits.ts'

const accountColumns = `a.user_id, a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at,
  a.password_hash, a.password_version`

/** The account of a session's user, as columns that a session does not have. */
const withAccount = 'a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at'

/** The later of a user's not-before and everyone's. */
const notBefore = 'max(u.not_before_at, (SELECT not_before_at FROM revocation_feed))'

/** A session may be used while it is not revoked, neither lifetime is over, and no not-before is later. */
const live = `s.revoked_at IS NULL AND s.idle_expires_at > :now AND s.absolute_expires_at > :now
  AND s.authenticated_at >= ${notBefore}`

/** The sessions of a user that no act has ended; they may be too old. */
const unended = `FROM users u JOIN sessions s ON s.user_id = u.id AND s.revoked_at IS NULL AND s.authenticated_at >= ${notBefore}
  WHERE u.id = :userId`

/** An entry that revokes a token, by any of its marks. */
const revokes = `expires_at >= :second AND (
    (kind = 's' AND value = :sid) OR (kind = 'j' AND value = :jti) OR (kind = 'k' AND value = :kid)
    OR (kind = 'u' AND value = :sub AND not_before > :iat) OR (kind = 'c' AND value = :clientId AND not_before > :iat)
    OR (kind = 'g' AND value = '' AND not_before > :iat))`

const sql = {
  // Not of nothing: a file that was moved away is no store.
  ping: 'SELECT head FROM revocation_feed',
  begin: 'BEGIN IMMEDIATE',
  countChanges: 'SELECT total_changes() AS count',
  commit: 'COMMIT',
  savepoint: 'SAVEPOINT transition',
  release: 'RELEASE transition',
  rollbackToSavepoint: 'ROLLBACK TO transition',

  insertUser: 'INSERT INTO users (id, created_at) VALUES (:id, :now) ON CONFLICT DO NOTHING',
  findUser: `SELECT ${notBefore} AS not_before_at, u.credentials_mark, u.deleted_at, u.suspended_at FROM users u WHERE u.id = ?`,
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
  findSessionByRid: `SELECT s.*, ${notBefore} AS not_before_at, (SELECT keys_version FROM revocation_feed) AS keys_version, ${withAccount}
    FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN accounts a ON a.user_id = u.id WHERE s.rid_hash = ?`,
  moveSession: `UPDATE sessions SET gen = :gen, att = :att, prev_att = :prevAtt, last_served_at = :lastServedAt,
      generation_started_at = :generationStartedAt, confirmed = :confirmed, back = :back,
      pepper_id = :pepperId, idle_expires_at = :idleExpiresAt, last_seen_at = :now
    WHERE sid = :sid`,
  findLiveSession: `SELECT s.*, ${withAccount} FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN accounts a ON a.user_id = u.id
    WHERE s.sid = :sid AND ${live} AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.expires_at >= :now / 1000
      AND ((r.kind = 'j' AND r.value = :jti) OR (r.kind = 'k' AND r.value = :kid)))`,
  findLiveSessionByRid: `SELECT s.*, ${withAccount} FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN accounts a ON a.user_id = u.id
    WHERE s.rid_hash = :ridHash AND ${live}`,
  slideSession: `UPDATE sessions AS s SET last_seen_at = :now, idle_expires_at = min(:now + :idleLifetime, s.absolute_expires_at)
    FROM users u WHERE u.id = s.user_id AND s.sid = :sid AND ${live} RETURNING *`,
  listLiveSessions: `SELECT s.* FROM (SELECT s.* ${unended} ORDER BY s.authenticated_at DESC LIMIT ${mostAtOnce}) s JOIN users u ON u.id = s.user_id
    WHERE ${live} ORDER BY s.last_seen_at DESC, s.sid`,
  listOldestSessions: `SELECT s.sid FROM (SELECT s.* ${unended} ORDER BY s.authenticated_at LIMIT :limit) s
    WHERE s.absolute_expires_at > :now ORDER BY s.idle_expires_at > :now, s.last_seen_at, s.sid`,
  listOtherSessions: `SELECT s.sid ${unended} AND s.sid <> :keepSid LIMIT :limit`,
  findSessionBySid: `SELECT s.sid, s.user_id, s.authenticated_at, ${notBefore} AS not_before_at FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.sid = ? AND s.user_id = ?`,
  revokeSession:
    'UPDATE sessions SET revoked_at = :now, revoke_reason = :reason WHERE sid = :sid AND revoked_at IS NULL',
  revokeSessionsFrom: `UPDATE sessions SET revoked_at = :now, revoke_reason = :reason
    WHERE user_id = :userId AND sid <> :keepSid AND revoked_at IS NULL AND authenticated_at >= :notBefore`,
  // What an earlier not-before has ended does not live again.
  reauthenticate: `UPDATE sessions AS s SET authenticated_at = max(s.authenticated_at, :notBefore) FROM users u
    WHERE u.id = s.user_id AND s.sid = :sid AND s.user_id = :userId AND s.authenticated_at >= ${notBefore}`,
  deleteSomeSessions: `DELETE FROM sessions WHERE sid IN (SELECT sid FROM sessions WHERE user_id = ? LIMIT ${mostAtOnce})`,
  deleteExpiredSessions: `DELETE FROM sessions WHERE sid IN
    (SELECT sid FROM sessions WHERE absolute_expires_at < :now ORDER BY absolute_expires_at LIMIT 10)`,

  suspendUser: 'UPDATE users SET suspended_at = coalesce(suspended_at, :now) WHERE id = :id AND deleted_at IS NULL',
  restoreUser: 'UPDATE users SET suspended_at = NULL WHERE id = ? AND deleted_at IS NULL',
  hasSession: 'SELECT 1 FROM sessions WHERE sid = ?',
  revokeEverySessionFrom: `UPDATE sessions SET revoked_at = :now, revoke_reason = 'revoked'
    WHERE revoked_at IS NULL AND authenticated_at >= :notBefore`,

  insertClient: `INSERT INTO clients (id, name, secret_hash, scope, created_at)
    VALUES (:id, :name, :secretHash, :scope, :now) ON CONFLICT DO NOTHING`,
  findClient: 'SELECT * FROM clients WHERE id = ?',
  listClients: 'SELECT * FROM clients ORDER BY created_at, id',
  disableClient: `UPDATE clients SET disabled_at = coalesce(disabled_at, :now), not_before_at = max(not_before_at, :notBefore)
    WHERE id = :id`,
  raiseClientNotBefore: 'UPDATE clients SET not_before_at = max(not_before_at, :notBefore) WHERE id = :id',

  globalNotBefore: 'SELECT not_before_at FROM revocation_feed',
  raiseGlobalNotBefore: 'UPDATE revocation_feed SET not_before_at = max(not_before_at, :notBefore)',
  joinEpoch: 'UPDATE revocation_feed SET epoch = :epoch',
  // A database that was put back may come to a version of the keys again under which a server knows others.
  beginEpoch: `UPDATE revocation_feed SET epoch = :epoch, keys_version = keys_version + 1000 + abs(random() % 1000000)`,
  declareTokenLifetime: `UPDATE revocation_feed SET
      longer_lifetime = CASE WHEN :seconds < lifetime THEN max(lifetime, CASE WHEN longer_until > :now THEN longer_lifetime ELSE 0 END)
        ELSE longer_lifetime END,
      longer_until = CASE WHEN :seconds < lifetime THEN max(longer_until, :now + lifetime * 1000) ELSE longer_until END,
      lifetime = :seconds,
      -- How long a retired key is published depends on the longest.
      keys_version = keys_version + (:seconds > max(lifetime, CASE WHEN longer_until > :now THEN longer_lifetime ELSE 0 END))
    WHERE lifetime <> :seconds`,
  readHead: `SELECT epoch, head, tick_at, keys_version,
    CASE WHEN longer_until > :now THEN max(lifetime, longer_lifetime) ELSE lifetime END AS max_lifetime FROM revocation_feed`,
  writeRevocation: `INSERT INTO revocations (kind, value, not_before, expires_at, created_at)
    VALUES (:kind, :value, :notBefore, :expiresAt, :now)`,
  hasUnnumbered: 'SELECT 1 FROM revocations WHERE seq IS NULL LIMIT 1',
  numberRevocations: `UPDATE revocations SET seq = (SELECT head FROM revocation_feed) + numbered.place FROM
      (SELECT id, row_number() OVER (ORDER BY id) AS place FROM revocations WHERE seq IS NULL ORDER BY id LIMIT :limit) AS numbered
    WHERE revocations.id = numbered.id`,
  advanceHead: 'UPDATE revocation_feed SET head = head + :count, tick_at = :now',
  deleteStaleRevocations: `DELETE FROM revocations WHERE id IN (SELECT id FROM revocations
    WHERE seq IS NOT NULL AND expires_at < :now / 1000 - 3600 ORDER BY expires_at LIMIT :limit)`,
  entryMark: "SELECT expires_at || ':' || created_at || ':' || value AS mark FROM revocations WHERE seq = ?",
  readRevocations: 'SELECT * FROM revocations WHERE seq > :after ORDER BY seq LIMIT :limit',
  readSnapshot: `SELECT kind, value, max(not_before) AS not_before, max(expires_at) AS expires_at FROM revocations
    WHERE seq IS NOT NULL AND expires_at > :now GROUP BY kind, value`,

  isTokenRevoked: "SELECT 1 FROM revocations WHERE kind = 'j' AND value = :jti AND expires_at >= :now / 1000",
  isRevoked: `SELECT 1 FROM revocations WHERE ${revokes} LIMIT 1`,
  isInForce: `SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE ${revokes}) AND (:sid IS NULL OR EXISTS
    (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.sid = :sid AND s.user_id = :sub AND ${live}))`,
  // Tokens of before may live for as long as any.
  assumeLongestLifetime: 'UPDATE revocation_feed SET longer_lifetime = 3600, longer_until = :now + 3600000',
  raiseKeysVersion: 'UPDATE revocation_feed SET keys_version = keys_version + 1',
  keysVersion: 'SELECT keys_version FROM revocation_feed',

  writeAudit: 'INSERT INTO audit (at, event, actor, subject, reason) VALUES (:now, :event, :actor, :subject, :reason)',
  listAudit: 'SELECT * FROM audit WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :limit',

  listSigningKeys:
    'SELECT * FROM signing_keys WHERE revoked_at IS NULL AND length(sealed) > 0 ORDER BY activate_at, created_at, kid',
  listSigningKeyRecords:
    'SELECT kid, alg, created_at, activate_at, retire_at, revoked_at FROM signing_keys ORDER BY activate_at, created_at, kid',
  findActiveKey: `SELECT * FROM signing_keys WHERE revoked_at IS NULL AND length(sealed) > 0 AND activate_at <= :now AND (retire_at IS NULL OR retire_at > :now)
    ORDER BY activate_at DESC, created_at DESC, kid DESC LIMIT 1`,
  findPendingKey:
    'SELECT * FROM signing_keys WHERE revoked_at IS NULL AND length(sealed) > 0 AND activate_at > :now ORDER BY activate_at LIMIT 1',
  findSigningKey: 'SELECT * FROM signing_keys WHERE kid = ? AND revoked_at IS NULL',
  insertSigningKey: `INSERT INTO signing_keys (kid, alg, sealed, created_at, activate_at) VALUES (:kid, :alg, :sealed, :createdAt, :activateAt)`,
  deletePendingKeys: 'DELETE FROM signing_keys WHERE revoked_at IS NULL AND length(sealed) > 0 AND activate_at > :now',
  activateSigningKey: 'UPDATE signing_keys SET activate_at = :at WHERE kid = :kid',
  // Each ends when the next begins, whatever came in between; what has ended stays ended.
  retireSigningKeys: `UPDATE signing_keys AS k SET retire_at = (SELECT min(n.activate_at) FROM signing_keys n
      WHERE n.revoked_at IS NULL AND length(n.sealed) > 0 AND n.activate_at > k.activate_at)
    WHERE k.revoked_at IS NULL AND (k.retire_at IS NULL OR k.retire_at > :now)`,
  revokeSigningKey: 'UPDATE signing_keys SET revoked_at = :now WHERE kid = :kid',
  revokeSigningKeys: 'UPDATE signing_keys SET revoked_at = :now WHERE revoked_at IS NULL RETURNING kid',
  deletePeppers: 'DELETE FROM peppers',
  destroySigningKeys: `UPDATE signing_keys SET sealed = x''
    WHERE length(sealed) > 0 AND (revoked_at IS NOT NULL OR retire_at + :retention + 86400000 <= :now)`,
  resealSigningKey: 'UPDATE signing_keys SET sealed = :to WHERE kid = :kid AND sealed = :from',
  listPeppers: 'SELECT * FROM peppers ORDER BY id',
  insertPepper: 'INSERT INTO peppers (id, sealed, created_at) VALUES (:id, :sealed, :createdAt) ON CONFLICT DO NOTHING',
  resealPepper: 'UPDATE peppers SET sealed = :to WHERE id = :id AND sealed = :from',
}

export type Statements = { readonly [Name in keyof typeof sql]: ReturnType<DatabaseSync['prepare']> }

export function prepareStatements(database: DatabaseSync): Statements {
  const entries = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)])
  return Object.fromEntries(entries) as Statements
}
