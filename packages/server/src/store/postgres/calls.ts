/** Every statement of the PostgreSQL store, prepared once on each connection under its name. */
import type { Act } from '../revocation-store.ts'
import { mostAtOnce } from '../session-limits.ts'
import { isLive } from './functions/sessions.ts'

/** A statement and the name under which a connection keeps it. */
export interface Call {
  readonly name: string
  readonly text: string
}

const accountColumns = `a.user_id, a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at,
  a.password_hash, a.password_version`

const sessionColumns = `s.sid, s.user_id, s.client_id, s.mode, s.scope, s.audience, s.amr, s.user_agent, s.ip, s.created_at, s.last_seen_at,
  s.authenticated_at, s.idle_expires_at, s.absolute_expires_at`

/** The account of a session's user, as columns that a session does not have. */
const withAccount = 'a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at'

/**
 * An act that is not begun after a moment, which is the last parameter: what gives trust, or cannot be taken back, must not happen once its
 * caller has been told that it failed. Of all expressions CASE alone is sure to be evaluated in this order.
 */
function inTime(act: string, parameters: number): string {
  const given = Array.from({ length: parameters }, (_, index) => `$${index + 1}`).join(', ')
  return `SELECT CASE WHEN countersign.now_ms() <= $${parameters + 1}::bigint THEN countersign.${act}(${given}) END AS answer`
}

const texts = {
  createAccount: 'SELECT countersign.create_account($1, $2, $3, $4, $5) AS outcome',
  updateAccount: inTime('update_account', 5),
  replacePassword: 'SELECT countersign.replace_password($1, $2, $3, $4, $5, $6) AS outcome',
  deleteAccount: inTime('delete_account', 2),
  forgetSessions: 'SELECT countersign.forget_sessions($1) AS count',

  markCredentials: 'SELECT last_value FROM countersign.credential_marks',
  openSession: `SELECT to_json(CASE WHEN countersign.now_ms() <= $7::bigint
    THEN countersign.begin_session(jsonb_populate_record(NULL::countersign.sessions, $1), $2, $3, $4, $5, $6) END) AS answer`,
  rotate: 'SELECT to_json(r) AS rotation FROM countersign.rotate($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) r',
  useSession: `SELECT s.*, ${withAccount} FROM countersign.use_session($1, $2, $3, $4) s
    LEFT JOIN countersign.accounts a ON a.user_id = s.user_id`,
  listLiveSessions: `SELECT s.* FROM (SELECT countersign.now_ms() AS now) t, countersign.revocation_feed f, countersign.users u,
      countersign.unended_sessions(u.id, greatest(u.not_before_at, f.not_before_at), ${mostAtOnce}, true) s
    WHERE u.id = $1 AND ${isLive('t.now')} ORDER BY s.last_seen_at DESC, s.sid`,
  revokeSession: 'SELECT * FROM countersign.end_session($1, $2, $3, $4)',
  revokeSessions: 'SELECT countersign.end_all_sessions($1, $2, $3) AS outcome',
  revokeOtherSessions: 'SELECT countersign.end_other_sessions($1, $2, $3) AS outcome',

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
  listClients: 'SELECT * FROM countersign.clients ORDER BY created_at, id',
  disableClient: 'SELECT countersign.disable_client($1, $2, $3) AS outcome',
  admitClient: 'SELECT * FROM countersign.admit_client($1)',

  joinEpoch: 'SELECT countersign.join_epoch($1) AS outcome',
  beginEpoch: 'SELECT countersign.begin_epoch($1)',
  completeRestore: 'SELECT countersign.complete_restore($1, $2, $3, $4)',
  declareTokenLifetime: 'SELECT countersign.declare_token_lifetime($1)',
  sequence: 'SELECT s.*, countersign.now_ms() AS now FROM countersign.sequence($1, $2, $3) s',
  readRevocations: 'SELECT * FROM countersign.revocations WHERE seq > $1 ORDER BY seq LIMIT $2',
  readEntries: `SELECT max(r.seq) AS last, coalesce(json_agg(json_build_array(r.kind, r.value, r.not_before, r.expires_at))
      FILTER (WHERE r.expires_at > $3::bigint), '[]') AS entries
    FROM (SELECT * FROM countersign.revocations WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $4) r`,
  revoke: 'SELECT countersign.revoke_target($1, $2, $3, $4) AS outcome',
  suspendUser: 'SELECT countersign.suspend_user($1, $2, $3) AS outcome',
  restoreUser: inTime('restore_user', 3),
  listAudit: 'SELECT * FROM countersign.audit WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2',
}

const clock = '(SELECT countersign.now_ms() AS now) t'

/** Written out: SQL in a function is planned anew at each call, or is one more call. */
const live = isLive('t.now')

const liveSession = `SELECT ${sessionColumns}, ${withAccount}, t.now FROM ${clock}, countersign.revocation_feed f,
    countersign.sessions s JOIN countersign.users u ON u.id = s.user_id LEFT JOIN countersign.accounts a ON a.user_id = s.user_id
  WHERE ${live}`

/** An entry that revokes a token, by any of its marks. */
const revoking = `SELECT FROM countersign.revocations r WHERE r.expires_at >= t.now / 1000 AND (
    (r.kind = 's' AND r.value = $1::text) OR (r.kind = 'j' AND r.value = $2::text) OR (r.kind = 'k' AND r.value = $3::text)
    OR (r.kind = 'u' AND r.value = $4::text AND r.not_before > $6::bigint)
    OR (r.kind = 'c' AND r.value = $5::text AND r.not_before > $6::bigint)
    OR (r.kind = 'g' AND r.value = '' AND r.not_before > $6::bigint))`

/** What is read in a moment and waits for nobody. A row comes as one piece of JSON, which costs less to read than its columns. */
const readTexts = {
  now: 'SELECT countersign.now_ms() AS now',
  isWritable: `SELECT countersign.now_ms() AS now, NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS is_writable`,
  findAccountByEmail: `SELECT ${accountColumns} FROM countersign.accounts a WHERE a.email = $1`,
  findAccount: `SELECT ${accountColumns} FROM countersign.accounts a WHERE a.user_id = $1`,
  findLiveSession: `${liveSession} AND s.sid = $1 AND NOT EXISTS (SELECT FROM countersign.revocations r
    WHERE r.expires_at >= t.now / 1000 AND ((r.kind = 'j' AND r.value = $2) OR (r.kind = 'k' AND r.value = $3)))`,
  findLiveSessionByRid: `${liveSession} AND s.rid_hash = $1`,
  findClient: `SELECT c.id, c.name, encode(c.secret_hash, 'base64') AS secret_hash, c.scope, c.created_at, c.disabled_at, c.not_before_at
    FROM countersign.clients c WHERE c.id = $1`,
  readHead: `SELECT t.now, f.epoch, f.head AS seq, f.tick_at, f.keys_version,
      CASE WHEN f.longer_until > t.now THEN greatest(f.lifetime, f.longer_lifetime) ELSE f.lifetime END AS max_lifetime
    FROM ${clock}, countersign.revocation_feed f`,
  isRevoked: `SELECT EXISTS (${revoking}) AS is_revoked FROM ${clock}`,
  isInForce: `SELECT NOT EXISTS (${revoking}) AND ($1::text IS NULL OR EXISTS (SELECT FROM countersign.revocation_feed f,
      countersign.sessions s JOIN countersign.users u ON u.id = s.user_id WHERE s.sid = $1 AND s.user_id = $4 AND ${live})) AS is_in_force
    FROM ${clock}`,
}

export const calls = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [name, { name: `countersign_${name}`, text }]),
) as Readonly<Record<keyof typeof texts, Call>>

export const reads = Object.fromEntries(
  Object.entries(readTexts).map(([name, text]) => [
    name,
    { name: `countersign_${name}`, text: `SELECT to_json(x) AS row FROM (${text}) x` },
  ]),
) as Readonly<Record<keyof typeof readTexts, Call>>

/** Who does it and why, for the audit table; nothing for what users and clients do themselves. */
export function operator(act: Act | undefined): readonly [string | null, string | null] {
  return [act?.actor ?? null, act?.reason ?? null]
}
