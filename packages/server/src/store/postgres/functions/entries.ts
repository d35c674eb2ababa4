/** What every act that ends trust writes beside itself: its entry of the feed, its line of the audit table. */
export const entries = `
  CREATE FUNCTION countersign.max_lifetime(now_ms bigint) RETURNS integer LANGUAGE plpgsql STABLE AS $$
  BEGIN
    RETURN (SELECT CASE WHEN f.longer_until > now_ms THEN greatest(f.lifetime, f.longer_lifetime) ELSE f.lifetime END
      FROM countersign.revocation_feed f);
  END $$;

  -- An entry of the feed outlives what it revokes by a minute of skew; that of a key outlives every copy of the JWK Set.
  CREATE FUNCTION countersign.write_entry(kind text, value text, not_before bigint, now_ms bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO countersign.revocations (kind, value, not_before, expires_at, created_at)
    VALUES (kind, value, not_before, greatest((now_ms + 999) / 1000, not_before)
      + CASE kind WHEN 'k' THEN 2592000 ELSE countersign.max_lifetime(now_ms) + 60 END, now_ms)
  $$;

  CREATE FUNCTION countersign.write_audit(event text, subject text, actor text, reason text, now_ms bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO countersign.audit (at, event, actor, subject, reason) VALUES (now_ms, event, actor, subject, reason)
  $$;

  -- The later of a user's not-before and everyone's; null for a user of whom nothing is known.
  CREATE FUNCTION countersign.not_before_for(p_user_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT greatest(u.not_before_at, f.not_before_at) FROM countersign.users u, countersign.revocation_feed f WHERE u.id = p_user_id
  $$;

  -- The sessions of a user that no act has ended, so many of the oldest or of the newest; they may be too old. Read in the order of their index,
  -- whatever is known of the table: by the user alone, all would be gone through, those that have ended too.
  CREATE FUNCTION countersign.unended_sessions(p_user_id text, p_not_before bigint, p_limit integer, p_newest boolean) RETURNS SETOF countersign.sessions
  LANGUAGE plpgsql STABLE SET enable_sort = off SET enable_bitmapscan = off AS $$
  BEGIN
    IF p_newest THEN
      RETURN QUERY SELECT s.* FROM countersign.sessions s
        WHERE s.user_id = p_user_id AND s.revoked_at IS NULL AND s.authenticated_at >= p_not_before ORDER BY s.authenticated_at DESC LIMIT p_limit;
    ELSE
      RETURN QUERY SELECT s.* FROM countersign.sessions s
        WHERE s.user_id = p_user_id AND s.revoked_at IS NULL AND s.authenticated_at >= p_not_before ORDER BY s.authenticated_at LIMIT p_limit;
    END IF;
  END $$;

  -- Ends every session of a user but one, which counts as authenticated anew, and tells whether there was one to end. The user's
  -- not-before ends them: a write to each might outlast the time that a statement has. The user's lock is held.
  CREATE FUNCTION countersign.end_sessions_of(p_user_id text, p_reason text, p_keep_sid text, p_now bigint) RETURNS boolean
  LANGUAGE plpgsql AS $$
  DECLARE
    v_not_before bigint := countersign.not_before_of(p_now);
    v_before bigint := countersign.not_before_for(p_user_id);
    v_ended boolean := EXISTS (SELECT FROM countersign.unended_sessions(p_user_id, v_before, 2, true) s WHERE s.sid <> p_keep_sid);
  BEGIN
    INSERT INTO countersign.users (id, created_at, not_before_at) VALUES (p_user_id, p_now, v_not_before)
      ON CONFLICT (id) DO UPDATE SET not_before_at = greatest(countersign.users.not_before_at, v_not_before);
    IF p_reason IN ('password_change', 'account_deleted') THEN
      UPDATE countersign.users SET credentials_mark = nextval('countersign.credential_marks') WHERE id = p_user_id;
    END IF;
    -- Those that are dated at the not-before or later: opened in the second of another act, or under a clock that was set back since.
    UPDATE countersign.sessions SET revoked_at = p_now, revoke_reason = p_reason
      WHERE sid = ANY (ARRAY(SELECT s.sid FROM countersign.unended_sessions(p_user_id, v_not_before, NULL, true) s WHERE s.sid <> p_keep_sid));
    -- What an earlier not-before has ended does not live again.
    UPDATE countersign.sessions SET authenticated_at = greatest(authenticated_at, v_not_before)
      WHERE user_id = p_user_id AND sid = p_keep_sid AND authenticated_at >= v_before;
    PERFORM countersign.write_entry('u', p_user_id, v_not_before / 1000, p_now);
    RETURN v_ended;
  END $$;
`
