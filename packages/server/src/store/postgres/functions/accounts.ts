/** The built-in accounts, and acts on a user. */
import { mostAtOnce } from '../../session-limits.ts'

export const accounts = `
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
    PERFORM countersign.end_sessions_of(p_user_id, 'password_change', p_keep_sid, v_now);
    PERFORM countersign.write_operator_audit('user.password', p_user_id, p_actor, p_reason, v_now);
    RETURN 'replaced';
  END $$;

  -- Takes away sessions of a user who is deleted, so many at a time, and tells how many.
  CREATE FUNCTION countersign.forget_sessions(p_user_id text) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE v_count integer;
  BEGIN
    DELETE FROM countersign.sessions WHERE sid IN (SELECT s.sid FROM countersign.sessions s, countersign.users u
      WHERE s.user_id = p_user_id AND u.id = p_user_id AND u.deleted_at IS NOT NULL LIMIT ${mostAtOnce});
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
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
    PERFORM countersign.end_sessions_of(p_user_id, 'account_deleted', '', v_now);
    UPDATE countersign.users SET deleted_at = v_now WHERE id = p_user_id;
    PERFORM countersign.forget_sessions(p_user_id);
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
    PERFORM countersign.end_sessions_of(p_user_id, 'suspended', '', v_now);
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
