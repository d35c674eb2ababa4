/**
 * The transitions, as functions of the database: each is one call, one transaction and one round trip, and goes on to its end
 * though the process that called it is stopped or killed.
 *
 * Locks, always in this order, all of them advisory and released at commit, so that a refresh writes nothing but its session:
 *   minting   shared by whatever gives out a token; taken alone by break-glass
 *   user      shared by whatever gives out a token of this user; taken alone by acts on the user
 *   session   the row, FOR UPDATE
 * The clock is read after the locks. So what is dated after an act has seen the act.
 */

/** ASCII "Csgn", in front of the number of each lock that is not a user's. */
const ours = 1_131_636_590

export const locks = { minting: `${ours}, 1`, sequencer: `${ours}, 2`, migration: `${ours}, 3`, keys: `${ours}, 4` }

const clock = `
  -- Epoch milliseconds. A test sets the clock of its own connection; nobody else has a reason to.
  CREATE FUNCTION countersign.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(nullif(current_setting('countersign.test_clock', true), '')::bigint,
      floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
  $$;

  -- The first whole second after now: tokens minted up to now are older, those of a new login are not.
  CREATE FUNCTION countersign.not_before_of(now_ms bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (now_ms / 1000 + 1) * 1000
  $$;

  CREATE FUNCTION countersign.user_lock(user_id text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended(user_id, ${ours})
  $$;
`

const entries = `
  CREATE FUNCTION countersign.max_lifetime(now_ms bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN longer_until > now_ms THEN greatest(lifetime, longer_lifetime) ELSE lifetime END
    FROM countersign.revocation_feed
  $$;

  -- An entry of the feed outlives what it revokes by a minute of skew; that of a key outlives every copy of the JWK Set.
  CREATE FUNCTION countersign.write_entry(kind text, value text, not_before bigint, now_ms bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO countersign.revocations (kind, value, not_before, expires_at, created_at)
    VALUES (kind, value, not_before, greatest((now_ms + 999) / 1000, not_before)
      + CASE kind WHEN 'k' THEN 2592000 ELSE countersign.max_lifetime(now_ms) + 60 END, now_ms)
  $$;

  CREATE FUNCTION countersign.write_audit(event text, subject text, actor text, reason text, now_ms bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO countersign.audit (at, event, actor, subject, reason) VALUES (now_ms, event, actor, subject, reason)
  $$;

  -- Ends every session of a user but one, which counts as authenticated anew, and raises the user's not-before. The user's lock is held.
  CREATE FUNCTION countersign.end_sessions(p_user_id text, p_reason text, p_keep_sid text, p_now bigint) RETURNS void
  LANGUAGE plpgsql AS $$
  DECLARE v_not_before bigint := countersign.not_before_of(p_now);
  BEGIN
    INSERT INTO countersign.users (id, created_at, not_before_at) VALUES (p_user_id, p_now, v_not_before)
      ON CONFLICT (id) DO UPDATE SET not_before_at = greatest(countersign.users.not_before_at, v_not_before);
    IF p_reason IN ('password_change', 'account_deleted') THEN
      UPDATE countersign.users SET credentials_mark = nextval('countersign.credential_marks') WHERE id = p_user_id;
    END IF;
    UPDATE countersign.sessions SET revoked_at = p_now, revoke_reason = p_reason
      WHERE user_id = p_user_id AND sid <> p_keep_sid AND revoked_at IS NULL;
    UPDATE countersign.sessions SET authenticated_at = greatest(authenticated_at, v_not_before)
      WHERE user_id = p_user_id AND sid = p_keep_sid;
    PERFORM countersign.write_entry('u', p_user_id, v_not_before / 1000, p_now);
  END $$;
`

const sessions = `
  -- A session that may still be used: not ended, neither lifetime over, and no not-before is later.
  CREATE FUNCTION countersign.is_live(s countersign.sessions, now_ms bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT s.revoked_at IS NULL AND s.idle_expires_at > now_ms AND s.absolute_expires_at > now_ms
      AND s.authenticated_at >= (SELECT greatest(u.not_before_at, f.not_before_at)
        FROM countersign.users u, countersign.revocation_feed f WHERE u.id = s.user_id)
  $$;

  CREATE FUNCTION countersign.open_session(p countersign.sessions, p_idle bigint, p_absolute bigint, p_version integer, p_mark bigint,
    OUT outcome text, OUT now bigint, OUT not_before bigint, OUT keys_version integer,
    OUT authenticated_at bigint, OUT idle_expires_at bigint, OUT absolute_expires_at bigint)
  LANGUAGE plpgsql AS $$
  DECLARE v record;
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${locks.minting});
    PERFORM pg_advisory_xact_lock_shared(countersign.user_lock(p.user_id));
    now := countersign.now_ms();
    DELETE FROM countersign.sessions WHERE sid IN (SELECT sid FROM countersign.sessions s
      WHERE s.absolute_expires_at < open_session.now ORDER BY s.absolute_expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
    IF p_mark IS NOT NULL THEN
      INSERT INTO countersign.users (id, created_at) VALUES (p.user_id, now) ON CONFLICT DO NOTHING;
    END IF;
    SELECT greatest(u.not_before_at, f.not_before_at) AS not_before, f.keys_version, u.credentials_mark,
        u.deleted_at IS NOT NULL OR u.suspended_at IS NOT NULL AS is_barred, a.password_version INTO v
      FROM countersign.revocation_feed f, countersign.users u LEFT JOIN countersign.accounts a ON a.user_id = u.id
      WHERE u.id = p.user_id;
    not_before := v.not_before;
    keys_version := v.keys_version;
    IF not_before - now > 1000 THEN
      outcome := 'clock_behind';
    ELSIF v.is_barred IS DISTINCT FROM false
      OR (CASE WHEN p_mark IS NOT NULL THEN v.credentials_mark > p_mark ELSE v.password_version IS DISTINCT FROM p_version END) THEN
      outcome := 'credentials_changed';
    ELSE
      outcome := 'opened';
      authenticated_at := greatest(now, not_before);
      absolute_expires_at := now + p_absolute;
      idle_expires_at := least(now + p_idle, absolute_expires_at);
      INSERT INTO countersign.sessions VALUES (p.sid, p.rid_hash, p.user_id, p.client_id, p.mode, p.scope, p.audience, p.amr,
        p.user_agent, p.ip, p.pepper_id, 1, 0, 0, now, now, false, 0, now, now, authenticated_at, idle_expires_at, absolute_expires_at);
    END IF;
  END $$;

  -- Why a session is over, or null while it lives.
  CREATE FUNCTION countersign.why_over(s countersign.sessions, not_before bigint, now_ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
      WHEN s.revoked_at IS NOT NULL THEN 'revoked: ' || s.revoke_reason
      WHEN s.idle_expires_at <= now_ms THEN 'idle lifetime over'
      WHEN s.absolute_expires_at <= now_ms THEN 'absolute lifetime over'
      WHEN s.authenticated_at < not_before THEN 'authenticated before the user''s not-before'
    END
  $$;

  -- The state machine of sessions/rotation.ts, word for word: what a presented token does to a live session.
  CREATE FUNCTION countersign.move(INOUT s countersign.sessions, p_gen integer, p_att integer, p_now bigint, p_leeway bigint, p_hold bigint,
    OUT outcome text, OUT successor boolean)
  LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE
    fresh boolean := p_now - s.last_served_at < p_leeway;
    young boolean := p_now - s.generation_started_at < p_hold;
  BEGIN
    IF p_gen = s.gen AND p_att = s.att THEN
      outcome := CASE WHEN fresh OR young THEN 'held' ELSE 'rotated' END;
    ELSIF p_gen = s.gen AND p_att < s.att THEN
      outcome := CASE WHEN fresh THEN 'healed' ELSE 'reused' END;
    ELSIF p_gen = s.gen - 1 THEN
      outcome := CASE
        WHEN fresh THEN 'repeated'
        WHEN p_att > s.prev_att THEN 'ahead'
        WHEN p_att < s.prev_att THEN 'reused'
        WHEN s.confirmed AND s.back >= 2 THEN 'reused'
        ELSE 'reissued' END;
    ELSE
      outcome := CASE WHEN p_gen < s.gen THEN 'reused' ELSE 'ahead' END;
    END IF;

    IF outcome IN ('held', 'healed', 'repeated') THEN
      s.confirmed := s.confirmed OR outcome <> 'repeated';
      s.last_served_at := CASE WHEN young THEN p_now ELSE s.last_served_at END;
      successor := young;
    ELSIF outcome IN ('rotated', 'reissued') THEN
      IF outcome = 'rotated' THEN
        s.prev_att := s.att;
        s.gen := s.gen + 1;
        s.att := 0;
        s.back := 0;
      ELSE
        s.att := s.att + 1;
        s.back := s.back + s.confirmed::integer;
      END IF;
      s.confirmed := false;
      s.last_served_at := p_now;
      s.generation_started_at := p_now;
      successor := true;
    END IF;
  END $$;

  CREATE FUNCTION countersign.rotate(p_rid_hash bytea, p_gen integer, p_att integer, p_client_id text, p_modes text[], p_pepper_id smallint,
    p_leeway bigint, p_hold bigint, p_idle bigint, p_audience text, p_deadline bigint,
    OUT outcome text, OUT session countersign.sessions, OUT account jsonb, OUT successor boolean, OUT why text,
    OUT now bigint, OUT not_before bigint, OUT keys_version integer)
  LANGUAGE plpgsql AS $$
  DECLARE
    v_user_id text;
    moved record;
  BEGIN
    SELECT s.user_id INTO v_user_id FROM countersign.sessions s WHERE s.rid_hash = p_rid_hash;
    PERFORM pg_advisory_xact_lock_shared(${locks.minting});
    PERFORM pg_advisory_xact_lock_shared(countersign.user_lock(v_user_id));
    SELECT s.* INTO session FROM countersign.sessions s WHERE s.rid_hash = p_rid_hash FOR UPDATE;
    now := countersign.now_ms();
    IF now > p_deadline THEN
      outcome := 'late';
      RETURN;
    ELSIF session.sid IS NULL OR session.client_id <> p_client_id OR session.mode <> ALL (p_modes) THEN
      outcome := 'unknown';
      RETURN;
    END IF;
    SELECT greatest(u.not_before_at, f.not_before_at), f.keys_version INTO not_before, keys_version
      FROM countersign.users u, countersign.revocation_feed f WHERE u.id = v_user_id;
    why := countersign.why_over(session, not_before, now);
    IF why IS NOT NULL THEN
      outcome := 'over';
    ELSIF not_before - now > 1000 THEN
      outcome := 'clock_behind';
    ELSIF p_audience <> session.audience THEN
      outcome := 'other_audience';
    ELSE
      SELECT m.* INTO moved FROM countersign.move(session, p_gen, p_att, now, p_leeway, p_hold) m;
      session := moved.s;
      outcome := moved.outcome;
      successor := moved.successor;
      IF outcome = 'reused' THEN
        UPDATE countersign.sessions SET revoked_at = now, revoke_reason = 'refresh_token_reuse' WHERE sid = session.sid;
        PERFORM countersign.write_entry('s', session.sid, 0, now);
        PERFORM countersign.write_audit('refresh.reuse', session.sid, session.user_id,
          'a refresh token that had been replaced came back', now);
      ELSIF outcome <> 'ahead' THEN
        IF outcome IN ('rotated', 'reissued') THEN
          session.idle_expires_at := least(now + p_idle, session.absolute_expires_at);
        END IF;
        IF outcome = 'rotated' THEN
          session.pepper_id := p_pepper_id;
        END IF;
        session.last_seen_at := now;
        UPDATE countersign.sessions SET gen = session.gen, att = session.att, prev_att = session.prev_att,
          last_served_at = session.last_served_at, generation_started_at = session.generation_started_at,
          confirmed = session.confirmed, back = session.back, pepper_id = session.pepper_id,
          idle_expires_at = session.idle_expires_at, last_seen_at = session.last_seen_at WHERE sid = session.sid;
        SELECT to_jsonb(x) INTO account FROM (SELECT a.user_id, a.email, a.email_verified, a.roles, a.claims, a.created_at AS account_created_at
          FROM countersign.accounts a WHERE a.user_id = session.user_id) x;
        IF outcome = 'reissued' THEN
          PERFORM countersign.write_audit('refresh.late_replay', session.sid, session.user_id,
            'the token before the current one came back: an answer was lost, or a copy is in use', now);
        END IF;
      END IF;
    END IF;
  END $$;

  CREATE FUNCTION countersign.use_session(p_rid_hash bytea, p_mode text, p_idle bigint, p_slide_after bigint) RETURNS SETOF countersign.sessions
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := countersign.now_ms();
    s countersign.sessions;
  BEGIN
    SELECT x.* INTO s FROM countersign.sessions x WHERE x.rid_hash = p_rid_hash;
    IF s.mode = p_mode AND countersign.is_live(s, v_now) THEN
      IF v_now - s.last_seen_at >= p_slide_after THEN
        UPDATE countersign.sessions x SET last_seen_at = v_now, idle_expires_at = least(v_now + p_idle, x.absolute_expires_at)
          WHERE x.sid = s.sid AND countersign.is_live(x, v_now) RETURNING x.* INTO s;
      END IF;
      IF s.sid IS NOT NULL THEN
        RETURN NEXT s;
      END IF;
    END IF;
  END $$;

  CREATE FUNCTION countersign.revoke_session(p_sid text, p_user_id text, p_rid_hash bytea, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_sid text;
    v_revoked_at bigint;
  BEGIN
    SELECT s.sid, s.revoked_at INTO v_sid, v_revoked_at FROM countersign.sessions s
      WHERE CASE WHEN p_rid_hash IS NULL THEN s.sid = p_sid AND s.user_id = p_user_id ELSE s.rid_hash = p_rid_hash END FOR UPDATE;
    v_now := countersign.now_ms();
    IF v_sid IS NULL THEN
      RETURN 'unknown';
    ELSIF v_revoked_at IS NOT NULL THEN
      RETURN 'over';
    END IF;
    UPDATE countersign.sessions SET revoked_at = v_now, revoke_reason = p_reason WHERE sid = v_sid;
    -- Nobody was given a token of a sign-in that failed.
    IF p_reason <> 'sign_in_failed' THEN
      PERFORM countersign.write_entry('s', v_sid, 0, v_now);
    END IF;
    RETURN 'revoked';
  END $$;

  CREATE FUNCTION countersign.revoke_sessions(p_user_id text, p_reason text, p_keep_sid text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    PERFORM countersign.end_sessions(p_user_id, p_reason, p_keep_sid, countersign.now_ms());
  END $$;

  CREATE FUNCTION countersign.revoke_other_sessions(p_user_id text, p_reason text, p_keep_sid text) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_sid text;
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    v_now := countersign.now_ms();
    FOR v_sid IN UPDATE countersign.sessions SET revoked_at = v_now, revoke_reason = p_reason
      WHERE user_id = p_user_id AND sid <> p_keep_sid AND revoked_at IS NULL RETURNING sid
    LOOP
      PERFORM countersign.write_entry('s', v_sid, 0, v_now);
    END LOOP;
  END $$;
`

const accounts = `
  -- An act of an operator is kept; without one, actor and reason are null.
  CREATE FUNCTION countersign.write_operator_audit(event text, subject text, actor text, reason text, now_ms bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO countersign.audit (at, event, actor, subject, reason) SELECT now_ms, event, actor, subject, reason WHERE actor IS NOT NULL
  $$;

  CREATE FUNCTION countersign.create_account(p_id text, p_email text, p_password_hash text, p_actor text, p_reason text) RETURNS text
  LANGUAGE plpgsql AS $$
  DECLARE v_now bigint := countersign.now_ms();
  BEGIN
    INSERT INTO countersign.users (id, created_at) VALUES (p_id, v_now) ON CONFLICT DO NOTHING;
    INSERT INTO countersign.accounts (user_id, email, password_hash, created_at) VALUES (p_id, p_email, p_password_hash, v_now)
      ON CONFLICT (email) DO NOTHING;
    IF FOUND THEN
      PERFORM countersign.write_operator_audit('user.create', p_id, p_actor, p_reason, v_now);
      RETURN 'created';
    END IF;
    -- A commit that costs what the other one costs.
    INSERT INTO countersign.accounts (user_id, email, password_hash, created_at) VALUES (p_id, p_id, p_password_hash, v_now);
    DELETE FROM countersign.accounts WHERE user_id = p_id;
    DELETE FROM countersign.users WHERE id = p_id;
    RETURN 'taken';
  END $$;

  CREATE FUNCTION countersign.update_account(p_user_id text, p_roles jsonb, p_claims jsonb, p_actor text, p_reason text) RETURNS text
  LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE countersign.accounts SET roles = coalesce(p_roles, roles), claims = coalesce(p_claims, claims) WHERE user_id = p_user_id;
    IF NOT FOUND THEN
      RETURN 'unknown';
    END IF;
    PERFORM countersign.write_operator_audit('user.update', p_user_id, p_actor, p_reason, countersign.now_ms());
    RETURN 'updated';
  END $$;

  CREATE FUNCTION countersign.replace_password(p_user_id text, p_from_version integer, p_password_hash text, p_keep_sid text,
    p_actor text, p_reason text) RETURNS text
  LANGUAGE plpgsql AS $$
  DECLARE v_now bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    v_now := countersign.now_ms();
    IF p_keep_sid <> '' AND NOT EXISTS (SELECT 1 FROM countersign.sessions s WHERE s.sid = p_keep_sid AND countersign.is_live(s, v_now)) THEN
      RETURN 'credentials_changed';
    END IF;
    UPDATE countersign.accounts SET password_hash = p_password_hash, password_version = password_version + 1
      WHERE user_id = p_user_id AND password_version = p_from_version;
    IF NOT FOUND THEN
      RETURN 'credentials_changed';
    END IF;
    PERFORM countersign.end_sessions(p_user_id, 'password_change', p_keep_sid, v_now);
    PERFORM countersign.write_operator_audit('user.password', p_user_id, p_actor, p_reason, v_now);
    RETURN 'replaced';
  END $$;

  CREATE FUNCTION countersign.delete_account(p_user_id text, p_from_version integer) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE v_now bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    v_now := countersign.now_ms();
    DELETE FROM countersign.accounts WHERE user_id = p_user_id AND password_version = p_from_version;
    IF NOT FOUND THEN
      RETURN 'credentials_changed';
    END IF;
    PERFORM countersign.end_sessions(p_user_id, 'account_deleted', '', v_now);
    DELETE FROM countersign.sessions WHERE user_id = p_user_id;
    UPDATE countersign.users SET deleted_at = v_now WHERE id = p_user_id;
    RETURN 'deleted';
  END $$;

  CREATE FUNCTION countersign.suspend_user(p_user_id text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE v_now bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    v_now := countersign.now_ms();
    UPDATE countersign.users SET suspended_at = coalesce(suspended_at, v_now) WHERE id = p_user_id AND deleted_at IS NULL;
    IF NOT FOUND THEN
      RETURN 'unknown';
    END IF;
    PERFORM countersign.end_sessions(p_user_id, 'suspended', '', v_now);
    PERFORM countersign.write_audit('user.suspend', p_user_id, p_actor, p_reason, v_now);
    RETURN 'suspended';
  END $$;

  CREATE FUNCTION countersign.restore_user(p_user_id text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    UPDATE countersign.users SET suspended_at = NULL WHERE id = p_user_id AND deleted_at IS NULL;
    IF NOT FOUND THEN
      RETURN 'unknown';
    END IF;
    PERFORM countersign.write_audit('user.restore', p_user_id, p_actor, p_reason, countersign.now_ms());
    RETURN 'restored';
  END $$;
`

const clients = `
  CREATE FUNCTION countersign.create_client(p_id text, p_name text, p_secret_hash bytea, p_scope text, p_actor text, p_reason text) RETURNS text
  LANGUAGE plpgsql AS $$
  DECLARE v_now bigint := countersign.now_ms();
  BEGIN
    INSERT INTO countersign.clients (id, name, secret_hash, scope, created_at) VALUES (p_id, p_name, p_secret_hash, p_scope, v_now)
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'taken';
    END IF;
    PERFORM countersign.write_audit('client.create', p_id, p_actor, p_reason, v_now);
    RETURN 'created';
  END $$;

  -- The row is locked before the clock is read: a client that is being admitted holds it FOR SHARE.
  CREATE FUNCTION countersign.revoke_client(p_id text, p_disables boolean) RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE v_now bigint;
  BEGIN
    PERFORM 1 FROM countersign.clients WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
    v_now := countersign.now_ms();
    UPDATE countersign.clients SET not_before_at = greatest(not_before_at, countersign.not_before_of(v_now)),
      disabled_at = CASE WHEN p_disables THEN coalesce(disabled_at, v_now) ELSE disabled_at END WHERE id = p_id;
    PERFORM countersign.write_entry('c', p_id, countersign.not_before_of(v_now) / 1000, v_now);
    RETURN v_now;
  END $$;

  CREATE FUNCTION countersign.disable_client(p_id text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE v_now bigint := countersign.revoke_client(p_id, true);
  BEGIN
    IF v_now IS NULL THEN
      RETURN 'unknown';
    END IF;
    PERFORM countersign.write_audit('client.disable', p_id, p_actor, p_reason, v_now);
    RETURN 'disabled';
  END $$;

  CREATE FUNCTION countersign.admit_client(p_id text, OUT outcome text, OUT now bigint, OUT not_before bigint, OUT keys_version integer)
  LANGUAGE plpgsql AS $$
  DECLARE v_disabled_at bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${locks.minting});
    SELECT c.disabled_at, c.not_before_at INTO v_disabled_at, not_before FROM countersign.clients c WHERE c.id = p_id FOR SHARE;
    IF not_before IS NULL OR v_disabled_at IS NOT NULL THEN
      outcome := 'refused';
      RETURN;
    END IF;
    now := countersign.now_ms();
    SELECT greatest(not_before, f.not_before_at), f.keys_version INTO not_before, keys_version FROM countersign.revocation_feed f;
    outcome := CASE WHEN not_before - now > 1000 THEN 'clock_behind' ELSE 'admitted' END;
  END $$;
`

const revocations = `
  -- Revokes what an operator names, with its line in the audit table; false for what is not there.
  CREATE FUNCTION countersign.revoke(p_kind text, p_subject text, p_actor text, p_reason text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_known boolean := true;
  BEGIN
    IF p_kind = 'token' THEN
      v_now := countersign.now_ms();
      PERFORM countersign.write_entry('j', p_subject, 0, v_now);
    ELSIF p_kind = 'session' THEN
      v_now := countersign.now_ms();
      UPDATE countersign.sessions SET revoked_at = v_now, revoke_reason = 'revoked' WHERE sid = p_subject AND revoked_at IS NULL;
      IF FOUND THEN
        PERFORM countersign.write_entry('s', p_subject, 0, v_now);
      ELSE
        v_known := EXISTS (SELECT 1 FROM countersign.sessions WHERE sid = p_subject);
      END IF;
    ELSIF p_kind = 'user' THEN
      PERFORM pg_advisory_xact_lock(countersign.user_lock(p_subject));
      v_now := countersign.now_ms();
      v_known := EXISTS (SELECT 1 FROM countersign.users WHERE id = p_subject);
      IF v_known THEN
        PERFORM countersign.end_sessions(p_subject, 'revoked', '', v_now);
      END IF;
    ELSIF p_kind = 'client' THEN
      v_now := countersign.revoke_client(p_subject, false);
      v_known := v_now IS NOT NULL;
    ELSIF p_kind = 'key' THEN
      PERFORM pg_advisory_xact_lock(${locks.keys});
      v_now := countersign.now_ms();
      UPDATE countersign.signing_keys SET revoked_at = v_now WHERE kid = p_subject AND revoked_at IS NULL;
      v_known := FOUND;
      IF v_known THEN
        UPDATE countersign.revocation_feed SET keys_version = keys_version + 1;
        PERFORM countersign.write_entry('k', p_subject, 0, v_now);
      END IF;
    ELSIF p_kind = 'all' THEN
      PERFORM pg_advisory_xact_lock(${locks.minting});
      v_now := countersign.now_ms();
      UPDATE countersign.revocation_feed SET not_before_at = greatest(not_before_at, countersign.not_before_of(v_now));
      -- The not-before ends every session that is older. A write to each of millions would outlast the time that a statement has.
      UPDATE countersign.sessions SET revoked_at = v_now, revoke_reason = 'revoked'
        WHERE authenticated_at >= countersign.not_before_of(v_now) AND revoked_at IS NULL;
      PERFORM countersign.write_entry('g', '', countersign.not_before_of(v_now) / 1000, v_now);
    END IF;
    IF v_known THEN
      PERFORM countersign.write_audit('revoke.' || p_kind, p_subject, p_actor, p_reason, v_now);
    END IF;
    RETURN v_known;
  END $$;

  -- Which database this is: after a failover its timeline is another, after a restore into a new cluster its system identifier.
  CREATE FUNCTION countersign.identity() RETURNS text LANGUAGE sql AS $$
    SELECT '-' || s.system_identifier || '-' || c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c
  $$;

  CREATE FUNCTION countersign.join_epoch(p_epoch text) RETURNS void LANGUAGE sql AS $$
    UPDATE countersign.revocation_feed SET epoch = p_epoch || countersign.identity()
      WHERE right(epoch, length(countersign.identity())) <> countersign.identity()
  $$;

  -- STABLE: it sees what the statement that calls it sees. Otherwise a snapshot could name a number whose entry is not in it.
  CREATE FUNCTION countersign.head(OUT epoch text, OUT seq bigint, OUT tick_at bigint, OUT keys_version integer, OUT max_lifetime integer)
  LANGUAGE sql STABLE AS $$
    SELECT f.epoch, f.head, f.tick_at, f.keys_version, countersign.max_lifetime(countersign.now_ms()) FROM countersign.revocation_feed f
  $$;

  -- Numbers what is committed, in the order of writing, and ticks. Whoever looks in vain takes no lock.
  CREATE FUNCTION countersign.sequence(p_limit integer, p_tick_every bigint,
    OUT epoch text, OUT seq bigint, OUT tick_at bigint, OUT keys_version integer, OUT max_lifetime integer)
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := countersign.now_ms();
    v_count bigint;
  BEGIN
    SELECT f.tick_at INTO tick_at FROM countersign.revocation_feed f;
    IF v_now - tick_at >= p_tick_every OR v_now < tick_at OR EXISTS (SELECT 1 FROM countersign.revocations r WHERE r.seq IS NULL) THEN
      PERFORM pg_advisory_xact_lock(${locks.sequencer});
      v_now := countersign.now_ms();
      UPDATE countersign.revocations r SET seq = f.head + n.place
        FROM countersign.revocation_feed f, (SELECT x.id, row_number() OVER (ORDER BY x.id) AS place FROM
          (SELECT y.id FROM countersign.revocations y WHERE y.seq IS NULL ORDER BY y.id LIMIT p_limit) x) n
        WHERE r.id = n.id;
      GET DIAGNOSTICS v_count = ROW_COUNT;
      UPDATE countersign.revocation_feed f SET head = f.head + v_count, tick_at = v_now;
      DELETE FROM countersign.revocations WHERE id IN (SELECT r.id FROM countersign.revocations r
        WHERE r.seq IS NOT NULL AND r.expires_at < v_now / 1000 ORDER BY r.expires_at LIMIT p_limit);
    END IF;
    SELECT h.* INTO epoch, seq, tick_at, keys_version, max_lifetime FROM countersign.head() h;
  END $$;

  CREATE FUNCTION countersign.declare_token_lifetime(p_seconds integer) RETURNS void LANGUAGE sql AS $$
    UPDATE countersign.revocation_feed SET
      longer_lifetime = CASE WHEN p_seconds < lifetime
        THEN greatest(lifetime, CASE WHEN longer_until > countersign.now_ms() THEN longer_lifetime ELSE 0 END) ELSE longer_lifetime END,
      longer_until = CASE WHEN p_seconds < lifetime
        THEN greatest(longer_until, countersign.now_ms() + lifetime * 1000) ELSE longer_until END,
      lifetime = p_seconds
    WHERE lifetime <> p_seconds
  $$;

  CREATE FUNCTION countersign.add_signing_key(p_kid text, p_alg text, p_sealed bytea, p_created_at bigint) RETURNS SETOF countersign.signing_keys
  LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${locks.keys});
    INSERT INTO countersign.signing_keys (kid, alg, sealed, created_at) SELECT p_kid, p_alg, p_sealed, p_created_at
      WHERE NOT EXISTS (SELECT 1 FROM countersign.signing_keys WHERE alg = p_alg AND revoked_at IS NULL);
    IF FOUND THEN
      UPDATE countersign.revocation_feed SET keys_version = keys_version + 1;
    END IF;
    RETURN QUERY SELECT * FROM countersign.signing_keys k WHERE k.alg = p_alg AND k.revoked_at IS NULL ORDER BY k.created_at DESC, k.kid LIMIT 1;
  END $$;
`

/** Every function, in the order in which they call each other. */
export const functions = [clock, entries, sessions, accounts, clients, revocations].join('\n')
