/** Every statement of the PostgreSQL store, prepared once on each connection under its name. */

/** A statement and the name under which a connection keeps it. */
export interface Call {
  readonly name: string
  readonly text: string
}

const accountColumns = `a.user_id, a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at,
  a.password_hash, a.password_version`

/** The account of a session's user, as columns that a session does not have. */
const withAccount = 'a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at'

const texts = {
  now: 'SELECT countersign.now_ms() AS now',

  createAccount: 'SELECT countersign.create_account($1, $2, $3, $4, $5) AS outcome',
  findAccountByEmail: `SELECT ${accountColumns} FROM countersign.accounts a WHERE a.email = $1`,
  findAccount: `SELECT ${accountColumns} FROM countersign.accounts a WHERE a.user_id = $1`,
  updateAccount: 'SELECT countersign.update_account($1, $2, $3, $4, $5) AS outcome',
  replacePassword: 'SELECT countersign.replace_password($1, $2, $3, $4, $5, $6) AS outcome',
  deleteAccount: 'SELECT countersign.delete_account($1, $2) AS outcome',

  markCredentials: 'SELECT last_value FROM countersign.credential_marks',
  openSession: `SELECT * FROM countersign.open_session(jsonb_populate_record(NULL::countersign.sessions, $1), $2, $3, $4, $5)`,
  rotate: `SELECT r.outcome, r.successor, r.why, r.now, r.not_before, r.keys_version, r.account, (r.session).*
    FROM countersign.rotate($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) r`,
  findLiveSession: `SELECT s.*, ${withAccount} FROM countersign.sessions s LEFT JOIN countersign.accounts a ON a.user_id = s.user_id
    WHERE s.sid = $1 AND countersign.is_live(s, countersign.now_ms()) AND NOT EXISTS (SELECT 1 FROM countersign.revocations r
      WHERE r.expires_at >= countersign.now_ms() / 1000 AND ((r.kind = 'j' AND r.value = $2) OR (r.kind = 'k' AND r.value = $3)))`,
  findLiveSessionByRid: `SELECT s.* FROM countersign.sessions s WHERE s.rid_hash = $1 AND countersign.is_live(s, countersign.now_ms())`,
  useSession: `SELECT s.*, ${withAccount} FROM countersign.use_session($1, $2, $3, $4) s
    LEFT JOIN countersign.accounts a ON a.user_id = s.user_id`,
  listLiveSessions: `SELECT s.* FROM countersign.sessions s WHERE s.user_id = $1 AND countersign.is_live(s, countersign.now_ms())
    ORDER BY s.last_seen_at DESC, s.sid`,
  revokeSession: 'SELECT * FROM countersign.end_session($1, $2, $3, $4)',
  revokeSessions: 'SELECT countersign.revoke_sessions($1, $2, $3)',
  revokeOtherSessions: 'SELECT countersign.revoke_other_sessions($1, $2, $3)',

  listSigningKeys: `SELECT * FROM countersign.signing_keys WHERE revoked_at IS NULL AND length(sealed) > 0
    ORDER BY activate_at, created_at, kid`,
  listSigningKeyRecords: `SELECT kid, alg, created_at, activate_at, retire_at, revoked_at FROM countersign.signing_keys
    ORDER BY activate_at, created_at, kid`,
  addSigningKey: 'SELECT countersign.add_signing_key($1, $2, $3, $4, $5, $6, $7) AS outcome',
  rotateSigningKeys: 'SELECT * FROM countersign.rotate_signing_keys($1, $2, $3)',
  destroySigningKeys: `UPDATE countersign.signing_keys SET sealed = ''
    WHERE length(sealed) > 0 AND (revoked_at IS NOT NULL OR retire_at + $1::bigint + 86400000 <= countersign.now_ms())`,
  resealSigningKey: 'UPDATE countersign.signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2',
  abandonKeys: 'SELECT countersign.abandon_keys($1, $2)',
  listPeppers: 'SELECT * FROM countersign.peppers ORDER BY id',
  addPepper: 'SELECT countersign.add_pepper($1, $2, $3, $4, $5) AS outcome',
  resealPepper: 'UPDATE countersign.peppers SET sealed = $3 WHERE id = $1 AND sealed = $2',

  createClient: 'SELECT countersign.create_client($1, $2, $3, $4, $5, $6) AS outcome',
  findClient: 'SELECT * FROM countersign.clients WHERE id = $1',
  listClients: 'SELECT * FROM countersign.clients ORDER BY created_at, id',
  disableClient: 'SELECT countersign.disable_client($1, $2, $3) AS outcome',
  admitClient: 'SELECT * FROM countersign.admit_client($1)',

  joinEpoch: 'SELECT countersign.join_epoch($1) AS outcome',
  beginEpoch: 'SELECT countersign.begin_epoch($1)',
  completeRestore: 'SELECT countersign.complete_restore($1, $2, $3, $4)',
  declareTokenLifetime: 'SELECT countersign.declare_token_lifetime($1)',
  sequence: 'SELECT * FROM countersign.sequence($1, $2, $3)',
  readHead: 'SELECT * FROM countersign.head()',
  readRevocations: 'SELECT * FROM countersign.revocations WHERE seq > $1 ORDER BY seq LIMIT $2',
  readSnapshot: `SELECT h.*, t.now, (SELECT coalesce(json_agg(json_build_array(e.kind, e.value, e.not_before, e.expires_at)), '[]') FROM
      (SELECT r.kind, r.value, max(r.not_before) AS not_before, max(r.expires_at) AS expires_at FROM countersign.revocations r
        WHERE r.seq IS NOT NULL AND r.expires_at > t.now / 1000 GROUP BY r.kind, r.value) e) AS entries
    FROM countersign.head() h, (SELECT countersign.now_ms() AS now) t`,
  isRevoked: `SELECT 1 FROM countersign.revocations r WHERE r.expires_at >= countersign.now_ms() / 1000 AND (
      (r.kind = 's' AND r.value = $1::text) OR (r.kind = 'j' AND r.value = $2::text) OR (r.kind = 'k' AND r.value = $3::text)
      OR (r.kind = 'u' AND r.value = $4::text AND r.not_before > $6::bigint)
      OR (r.kind = 'c' AND r.value = $5::text AND r.not_before > $6::bigint)
      OR (r.kind = 'g' AND r.value = '' AND r.not_before > $6::bigint)) LIMIT 1`,
  revoke: 'SELECT countersign.revoke($1, $2, $3, $4) AS known',
  suspendUser: 'SELECT countersign.suspend_user($1, $2, $3) AS outcome',
  restoreUser: 'SELECT countersign.restore_user($1, $2, $3) AS outcome',
  listAudit: 'SELECT * FROM countersign.audit WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2',
}

export const calls = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [name, { name: `countersign_${name}`, text }]),
) as Readonly<Record<keyof typeof texts, Call>>
