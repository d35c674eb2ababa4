/**
 * The schema in PostgreSQL, as the list of steps that made it. A step is never edited once released. Everything is in a schema of its
 * own, `countersign`, so that the database may hold other things as well.
 */

/** The tables. Columns `…_at` are epoch milliseconds of the database's clock; those of `revocations` that verifiers read are seconds. */
export const tables = `
  CREATE TABLE countersign.users (
    id text PRIMARY KEY,
    not_before_at bigint NOT NULL DEFAULT 0,
    credentials_mark bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    suspended_at bigint,
    deleted_at bigint
  );

  CREATE TABLE countersign.accounts (
    user_id text PRIMARY KEY REFERENCES countersign.users (id),
    email text NOT NULL UNIQUE,
    email_verified boolean NOT NULL DEFAULT false,
    password_hash text NOT NULL,
    password_version integer NOT NULL DEFAULT 1,
    roles jsonb NOT NULL DEFAULT '[]',
    claims jsonb NOT NULL DEFAULT '{}',
    created_at bigint NOT NULL
  );

  CREATE SEQUENCE countersign.credential_marks MINVALUE 0 START 0;
  SELECT nextval('countersign.credential_marks');

  CREATE TABLE countersign.sessions (
    sid text PRIMARY KEY,
    rid_hash bytea NOT NULL UNIQUE,
    user_id text NOT NULL REFERENCES countersign.users (id),
    client_id text NOT NULL,
    mode text NOT NULL,
    scope text,
    audience text,
    amr text NOT NULL,
    user_agent text,
    ip text,
    pepper_id smallint NOT NULL,
    gen integer NOT NULL,
    att integer NOT NULL,
    prev_att integer NOT NULL,
    last_served_at bigint NOT NULL,
    generation_started_at bigint NOT NULL,
    confirmed boolean NOT NULL,
    back integer NOT NULL,
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    authenticated_at bigint NOT NULL,
    idle_expires_at bigint NOT NULL,
    absolute_expires_at bigint NOT NULL,
    revoked_at bigint,
    revoke_reason text
  ) WITH (fillfactor = 80); -- room on the page, so that a rotation touches no index
  CREATE INDEX sessions_by_user ON countersign.sessions (user_id);
  CREATE INDEX sessions_by_authentication ON countersign.sessions (authenticated_at);
  CREATE INDEX sessions_by_absolute_expiry ON countersign.sessions (absolute_expires_at);

  CREATE TABLE countersign.signing_keys (
    kid text PRIMARY KEY,
    alg text NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    activate_at bigint NOT NULL,
    retire_at bigint,
    revoked_at bigint
  );

  CREATE TABLE countersign.peppers (
    id smallint PRIMARY KEY,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL
  );

  CREATE TABLE countersign.clients (
    id text PRIMARY KEY,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scope text NOT NULL,
    not_before_at bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    disabled_at bigint
  );

  CREATE TABLE countersign.revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seq bigint UNIQUE,
    kind text NOT NULL,
    value text NOT NULL,
    not_before bigint NOT NULL,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL
  );
  CREATE INDEX revocations_unnumbered ON countersign.revocations (id) WHERE seq IS NULL;
  CREATE INDEX revocations_by_value ON countersign.revocations (value, kind);
  CREATE INDEX revocations_by_expiry ON countersign.revocations (expires_at);

  CREATE TABLE countersign.revocation_feed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch text NOT NULL,
    head bigint NOT NULL,
    tick_at bigint NOT NULL,
    not_before_at bigint NOT NULL,
    lifetime integer NOT NULL,
    longer_lifetime integer NOT NULL,
    longer_until bigint NOT NULL,
    keys_version integer NOT NULL
  ) WITH (fillfactor = 20);
  INSERT INTO countersign.revocation_feed VALUES (true, 'none', 0, 0, 0, 0, 0, 0, 1);

  CREATE TABLE countersign.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    event text NOT NULL,
    actor text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL
  );
  CREATE FUNCTION countersign.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'the audit table is append-only';
  END $$;
  CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON countersign.audit
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse_change();
`

/**
 * What acts on one user's sessions go by, however many there are. No column of it changes at a refresh. It is built beside what servers
 * do; one that was broken off is no good and goes first.
 */
export const unendedSessions: readonly string[] = [
  'DROP INDEX CONCURRENTLY IF EXISTS countersign.sessions_unended',
  'CREATE INDEX CONCURRENTLY sessions_unended ON countersign.sessions (user_id, authenticated_at) WHERE revoked_at IS NULL',
]
