/** Sessions: opened, refreshed, used, ended. */
import { mostAtOnce, mostEndedBySignIn } from '../../session-limits.ts'
import { locks } from './locks.ts'

/** Whether a session `s` of the user `u` may still be used: not ended, neither lifetime over, and no not-before is later. `f` is the feed. */
export function isLive(now: string): string {
  return `s.revoked_at IS NULL AND s.idle_expires_at > ${now} AND s.absolute_expires_at > ${now}
      AND s.authenticated_at >= greatest(u.not_before_at, f.not_before_at)`
}

export const sessions = `
  CREATE FUNCTION countersign.is_live(s countersign.sessions, now_ms bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
  BEGIN
    RETURN EXISTS (SELECT FROM countersign.users u, countersign.revocation_feed f WHERE u.id = s.user_id AND ${isLive('now_ms')});
  END $$;

  -- Ends sessions of a user so that there is room for one more: those that are idle for too long, then those seen longest ago. It looks at the
  -- oldest, so that it is over soon though there are very many, as in a database from before there was a limit. The user's lock is held.
  CREATE FUNCTION countersign.make_room(p_user_id text, p_most integer, p_not_before bigint, p_now bigint) RETURNS text[]
  LANGUAGE plpgsql AS $$
  DECLARE
    v_sids text[] := ARRAY(
      SELECT s.sid FROM countersign.unended_sessions(p_user_id, p_not_before, p_most + ${mostEndedBySignIn - 1}, false) s
      -- What is too old is left to those who tidy: they do not wait for this, and this not for them.
      WHERE s.absolute_expires_at > p_now ORDER BY s.idle_expires_at > p_now, s.last_seen_at, s.sid);
  BEGIN
    v_sids := v_sids[:cardinality(v_sids) - p_most + 1];
    UPDATE countersign.sessions SET revoked_at = p_now, revoke_reason = 'too_many_sessions' WHERE sid = ANY (v_sids) AND revoked_at IS NULL;
    PERFORM countersign.write_entry('s', sid, 0, p_now) FROM unnest(v_sids) sid;
    RETURN v_sids;
  END $$;

  -- Takes the user's lock alone: two logins at once must not both find the last room.
  CREATE FUNCTION countersign.begin_session(p countersign.sessions, p_idle bigint, p_absolute bigint, p_version integer, p_mark bigint,
    p_most integer, OUT outcome text, OUT now bigint, OUT not_before bigint, OUT keys_version integer, OUT ended text[],
    OUT authenticated_at bigint, OUT idle_expires_at bigint, OUT absolute_expires_at bigint)
  LANGUAGE plpgsql AS $$
  DECLARE v record;
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${locks.minting});
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p.user_id));
    now := countersign.now_ms();
    DELETE FROM countersign.sessions WHERE sid IN (SELECT sid FROM countersign.sessions s
      WHERE s.absolute_expires_at < begin_session.now ORDER BY s.absolute_expires_at LIMIT 10 FOR UPDATE SKIP LOCKED);
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
      ended := countersign.make_room(p.user_id, p_most, not_before, now);
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

  CREATE FUNCTION countersign.end_session(p_sid text, p_user_id text, p_rid_hash bytea, p_reason text,
    OUT outcome text, OUT sid text, OUT user_id text) LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_is_over boolean;
  BEGIN
    SELECT s.sid, s.user_id, s.revoked_at IS NOT NULL OR s.authenticated_at < countersign.not_before_for(s.user_id)
      INTO sid, user_id, v_is_over FROM countersign.sessions s
      WHERE CASE WHEN p_rid_hash IS NULL THEN s.sid = p_sid AND s.user_id = p_user_id ELSE s.rid_hash = p_rid_hash END FOR UPDATE;
    v_now := countersign.now_ms();
    outcome := CASE WHEN sid IS NULL THEN 'unknown' WHEN v_is_over THEN 'over' ELSE 'revoked' END;
    IF outcome <> 'revoked' THEN
      RETURN;
    END IF;
    UPDATE countersign.sessions s SET revoked_at = v_now, revoke_reason = p_reason WHERE s.sid = end_session.sid;
    -- Nobody was given a token of a sign-in that failed.
    IF p_reason <> 'sign_in_failed' THEN
      PERFORM countersign.write_entry('s', sid, 0, v_now);
    END IF;
  END $$;

  CREATE FUNCTION countersign.end_all_sessions(p_user_id text, p_reason text, p_keep_sid text) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    RETURN CASE WHEN countersign.end_sessions_of(p_user_id, p_reason, p_keep_sid, countersign.now_ms()) THEN 'revoked' ELSE 'none' END;
  END $$;

  CREATE FUNCTION countersign.end_other_sessions(p_user_id text, p_reason text, p_keep_sid text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_sids text[];
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_user_id));
    v_now := countersign.now_ms();
    v_sids := ARRAY(SELECT s.sid FROM countersign.unended_sessions(p_user_id, countersign.not_before_for(p_user_id), ${mostAtOnce + 2}, true) s
      WHERE s.sid <> p_keep_sid);
    IF cardinality(v_sids) = 0 THEN
      RETURN 'none';
    ELSIF cardinality(v_sids) > ${mostAtOnce} THEN
      PERFORM countersign.end_sessions_of(p_user_id, p_reason, p_keep_sid, v_now);
    ELSE
      UPDATE countersign.sessions SET revoked_at = v_now, revoke_reason = p_reason WHERE sid = ANY (v_sids) AND revoked_at IS NULL;
      PERFORM countersign.write_entry('s', sid, 0, v_now) FROM unnest(v_sids) sid;
    END IF;
    RETURN 'revoked';
  END $$;
`
