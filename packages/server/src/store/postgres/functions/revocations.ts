/** What an operator revokes, and the numbers of the feed. */
import { cleanEvery } from '../../revocation-store.ts'
import { locks } from './locks.ts'

export const revocations = `
  -- Revokes a token by itself, unless it is: whoever has it could write without end. One at a time, or several at once would find none.
  CREATE FUNCTION countersign.revoke_token(p_jti text, OUT is_new boolean, OUT now bigint) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(countersign.user_lock(p_jti));
    now := countersign.now_ms();
    is_new := NOT EXISTS (SELECT FROM countersign.revocations r WHERE r.kind = 'j' AND r.value = p_jti AND r.expires_at >= now / 1000);
    IF is_new THEN
      PERFORM countersign.write_entry('j', p_jti, 0, now);
    END IF;
  END $$;

  -- Revokes, with a line in the audit table if an operator does it; 'unknown' for what is not there, 'over' for a token that is revoked already.
  CREATE FUNCTION countersign.revoke_target(p_kind text, p_subject text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_known boolean := true;
    v_new boolean;
  BEGIN
    IF p_kind = 'token' THEN
      SELECT t.is_new, t.now INTO v_new, v_now FROM countersign.revoke_token(p_subject) t;
      IF NOT v_new THEN
        RETURN 'over';
      END IF;
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
        PERFORM countersign.end_sessions_of(p_subject, 'revoked', '', v_now);
      END IF;
    ELSIF p_kind = 'client' THEN
      v_now := countersign.revoke_client(p_subject, false);
      v_known := v_now IS NOT NULL;
    ELSIF p_kind = 'key' THEN
      PERFORM pg_advisory_xact_lock(${locks.keys});
      v_now := countersign.now_ms();
      v_known := countersign.revoke_signing_key(p_subject, v_now);
      IF v_known THEN
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
    IF NOT v_known THEN
      RETURN 'unknown';
    END IF;
    PERFORM countersign.write_operator_audit('revoke.' || p_kind, p_subject, p_actor, p_reason, v_now);
    RETURN 'revoked';
  END $$;

  -- Which database this is: after a failover its timeline is another, after a restore into a new cluster its system identifier. The
  -- timeline is that of what is being written: a checkpoint knows of a new one too late. Some hosts do not tell.
  CREATE FUNCTION countersign.identity() RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    RETURN (SELECT '-' || s.system_identifier || '-' || ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
      FROM pg_control_system() s);
  EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported OR object_not_in_prerequisite_state THEN
    RETURN '-unknown-0';
  END $$;

  CREATE FUNCTION countersign.system_in(epoch text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(substring(epoch FROM '-([0-9]+|unknown)-[0-9]+$'), 'unknown')
  $$;

  CREATE FUNCTION countersign.join_epoch(p_epoch text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    v_identity text := countersign.identity();
    v_epoch text;
  BEGIN
    SELECT f.epoch INTO v_epoch FROM countersign.revocation_feed f;
    IF countersign.system_in(v_epoch) <> countersign.system_in(v_identity) THEN
      RETURN 'restored';
    END IF;
    IF right(v_epoch, length(v_identity)) <> v_identity THEN
      PERFORM countersign.begin_epoch(p_epoch);
    END IF;
    RETURN 'joined';
  END $$;

  -- A database that was put back may come to a version of the keys again under which a server knows others.
  CREATE FUNCTION countersign.begin_epoch(p_epoch text) RETURNS void LANGUAGE sql AS $$
    UPDATE countersign.revocation_feed SET epoch = p_epoch || countersign.identity(),
      keys_version = keys_version + 1000 + floor(random() * 1000000)::integer
  $$;

  -- Every signing key goes as well: the next server that mints makes one that signs at once. Tokens of before may live for as long as any. The locks come before the row of the feed, which whoever holds one of them may be waiting for.
  CREATE FUNCTION countersign.end_everything(p_actor text, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_kid text;
  BEGIN
    PERFORM pg_advisory_xact_lock(${locks.minting});
    PERFORM pg_advisory_xact_lock(${locks.keys});
    v_now := countersign.now_ms();
    UPDATE countersign.revocation_feed SET longer_lifetime = 3600, longer_until = v_now + 3600000;
    PERFORM countersign.revoke_target('all', '*', p_actor, p_reason);
    FOR v_kid IN UPDATE countersign.signing_keys SET revoked_at = v_now WHERE revoked_at IS NULL RETURNING kid
    LOOP
      PERFORM countersign.write_entry('k', v_kid, 0, v_now);
    END LOOP;
    UPDATE countersign.revocation_feed SET keys_version = keys_version + 1;
  END $$;

  CREATE FUNCTION countersign.complete_restore(p_epoch text, p_keeps_sessions boolean, p_actor text, p_reason text) RETURNS void
  LANGUAGE plpgsql AS $$
  BEGIN
    IF NOT p_keeps_sessions THEN
      PERFORM countersign.end_everything(p_actor, p_reason);
    END IF;
    PERFORM countersign.begin_epoch(p_epoch);
    PERFORM countersign.write_audit('restore.complete', CASE WHEN p_keeps_sessions THEN 'sessions kept' ELSE '*' END, p_actor, p_reason,
      countersign.now_ms());
  END $$;

  -- STABLE: it sees what the statement that calls it sees. Otherwise a snapshot could name a number whose entry is not in it.
  CREATE FUNCTION countersign.head(OUT epoch text, OUT seq bigint, OUT tick_at bigint, OUT keys_version integer, OUT max_lifetime integer)
  LANGUAGE plpgsql STABLE AS $$
  BEGIN
    SELECT f.epoch, f.head, f.tick_at, f.keys_version, countersign.max_lifetime(countersign.now_ms())
      INTO epoch, seq, tick_at, keys_version, max_lifetime FROM countersign.revocation_feed f;
  END $$;

  CREATE FUNCTION countersign.mark_of(p_seq bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
  BEGIN
    RETURN (SELECT r.expires_at || ':' || r.created_at || ':' || r.value FROM countersign.revocations r WHERE r.seq = p_seq);
  END $$;

  -- Numbers what is committed, in the order of writing, and ticks. Whoever looks in vain takes no lock.
  CREATE FUNCTION countersign.sequence(p_limit integer, p_tick_every bigint, p_seen bigint, OUT epoch text, OUT seq bigint,
    OUT tick_at bigint, OUT keys_version integer, OUT max_lifetime integer, OUT mark text, OUT seen_mark text, OUT is_moved boolean)
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := countersign.now_ms();
    v_count bigint;
    v_ticked_at bigint;
  BEGIN
    is_moved := false;
    SELECT f.tick_at INTO tick_at FROM countersign.revocation_feed f;
    IF v_now - tick_at >= p_tick_every OR v_now < tick_at OR EXISTS (SELECT 1 FROM countersign.revocations r WHERE r.seq IS NULL) THEN
      PERFORM pg_advisory_xact_lock(${locks.sequencer});
      v_now := countersign.now_ms();
      SELECT f.tick_at INTO v_ticked_at FROM countersign.revocation_feed f;
      UPDATE countersign.revocations r SET seq = f.head + n.place
        FROM countersign.revocation_feed f, (SELECT x.id, row_number() OVER (ORDER BY x.id) AS place FROM
          (SELECT y.id FROM countersign.revocations y WHERE y.seq IS NULL ORDER BY y.id LIMIT p_limit) x) n
        WHERE r.id = n.id;
      GET DIAGNOSTICS v_count = ROW_COUNT;
      UPDATE countersign.revocation_feed f SET head = f.head + v_count, tick_at = v_now;
      is_moved := (SELECT right(f.epoch, length(i.id)) <> i.id FROM countersign.revocation_feed f, (SELECT countersign.identity() AS id) i);
      IF v_now / ${cleanEvery} <> v_ticked_at / ${cleanEvery} THEN
        -- The column stands alone, so that its index finds what has expired: there may be none among hundreds of thousands.
        DELETE FROM countersign.revocations WHERE id IN (SELECT r.id FROM countersign.revocations r
          WHERE r.seq IS NOT NULL AND r.expires_at < v_now / 1000 - 3600 ORDER BY r.expires_at LIMIT p_limit * ${cleanEvery / 1000});
      END IF;
    END IF;
    SELECT h.*, countersign.mark_of(h.seq), countersign.mark_of(p_seen)
      INTO epoch, seq, tick_at, keys_version, max_lifetime, mark, seen_mark FROM countersign.head() h;
  END $$;

  CREATE FUNCTION countersign.declare_token_lifetime(p_seconds integer) RETURNS void LANGUAGE sql AS $$
    UPDATE countersign.revocation_feed SET
      longer_lifetime = CASE WHEN p_seconds < lifetime
        THEN greatest(lifetime, CASE WHEN longer_until > countersign.now_ms() THEN longer_lifetime ELSE 0 END) ELSE longer_lifetime END,
      longer_until = CASE WHEN p_seconds < lifetime
        THEN greatest(longer_until, countersign.now_ms() + lifetime * 1000) ELSE longer_until END,
      lifetime = p_seconds,
      -- How long a retired key is published depends on the longest.
      keys_version = keys_version + (p_seconds > countersign.max_lifetime(countersign.now_ms()))::integer
    WHERE lifetime <> p_seconds
  $$;
`
