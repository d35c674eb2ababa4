/** Signing keys and peppers. Whoever changes the ring holds its lock, and reads the clock after it. */
import { locks } from './locks.ts'

export const keys = `
  -- The key that signs at a moment.
  CREATE FUNCTION countersign.active_key(now_ms bigint) RETURNS SETOF countersign.signing_keys LANGUAGE sql STABLE AS $$
    SELECT k.* FROM countersign.signing_keys k WHERE k.revoked_at IS NULL AND length(k.sealed) > 0
      AND k.activate_at <= now_ms AND (k.retire_at IS NULL OR k.retire_at > now_ms)
    ORDER BY k.activate_at DESC, k.created_at DESC, k.kid DESC LIMIT 1
  $$;

  CREATE FUNCTION countersign.pending_key(now_ms bigint) RETURNS SETOF countersign.signing_keys LANGUAGE sql STABLE AS $$
    SELECT k.* FROM countersign.signing_keys k WHERE k.revoked_at IS NULL AND length(k.sealed) > 0 AND k.activate_at > now_ms
    ORDER BY k.activate_at LIMIT 1
  $$;

  -- Each key ends when the next begins, whatever came in between; what has ended stays ended. Everyone is to know.
  CREATE FUNCTION countersign.change_ring(now_ms bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE countersign.signing_keys k SET retire_at = (SELECT min(n.activate_at) FROM countersign.signing_keys n
        WHERE n.revoked_at IS NULL AND length(n.sealed) > 0 AND n.activate_at > k.activate_at)
      WHERE k.revoked_at IS NULL AND (k.retire_at IS NULL OR k.retire_at > now_ms);
    UPDATE countersign.revocation_feed SET keys_version = keys_version + 1;
  $$;

  CREATE FUNCTION countersign.add_signing_key(p_kid text, p_alg text, p_sealed bytea, p_created_at bigint,
    p_rotation_period bigint, p_publish_ahead bigint, p_changes_algorithm boolean) RETURNS text
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_active countersign.signing_keys;
    v_pending countersign.signing_keys;
    v_activate_at bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(${locks.keys});
    v_now := countersign.now_ms();
    SELECT k.* INTO v_active FROM countersign.active_key(v_now) k;
    SELECT k.* INTO v_pending FROM countersign.pending_key(v_now) k;
    IF v_active.kid IS NOT NULL AND v_pending.kid IS NOT NULL THEN
      IF NOT p_changes_algorithm OR v_pending.alg = p_alg THEN
        RETURN 'not_needed';
      END IF;
      DELETE FROM countersign.signing_keys k WHERE k.revoked_at IS NULL AND length(k.sealed) > 0 AND k.activate_at > v_now;
    END IF;
    v_activate_at := CASE
      WHEN v_active.kid IS NULL THEN v_now
      WHEN v_active.alg = p_alg THEN greatest(v_active.activate_at + p_rotation_period, v_now + p_publish_ahead)
      ELSE v_now + p_publish_ahead END;
    INSERT INTO countersign.signing_keys (kid, alg, sealed, created_at, activate_at)
      VALUES (p_kid, p_alg, p_sealed, p_created_at, v_activate_at);
    PERFORM countersign.change_ring(v_now);
    RETURN CASE WHEN v_active.kid IS NULL THEN 'active' ELSE 'pending' END;
  END $$;

  CREATE FUNCTION countersign.rotate_signing_keys(p_publish_ahead bigint, p_actor text, p_reason text,
    OUT outcome text, OUT kid text, OUT activate_at bigint)
  LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint;
    v_pending countersign.signing_keys;
  BEGIN
    PERFORM pg_advisory_xact_lock(${locks.keys});
    v_now := countersign.now_ms();
    SELECT k.* INTO v_pending FROM countersign.pending_key(v_now) k;
    IF v_pending.kid IS NULL THEN
      outcome := 'none_pending';
      RETURN;
    END IF;
    kid := v_pending.kid;
    activate_at := least(v_pending.activate_at, greatest(v_now, v_pending.created_at + p_publish_ahead));
    outcome := 'rotated';
    UPDATE countersign.signing_keys k SET activate_at = rotate_signing_keys.activate_at WHERE k.kid = v_pending.kid;
    PERFORM countersign.change_ring(v_now);
    PERFORM countersign.write_audit('keys.rotate', kid, p_actor, p_reason, v_now);
  END $$;

  -- The pending key takes the place of an active one that is revoked. The lock is held.
  CREATE FUNCTION countersign.revoke_signing_key(p_kid text, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    v_active text := (SELECT k.kid FROM countersign.active_key(p_now) k);
    v_pending text := (SELECT k.kid FROM countersign.pending_key(p_now) k);
  BEGIN
    UPDATE countersign.signing_keys SET revoked_at = p_now WHERE kid = p_kid AND revoked_at IS NULL;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    IF p_kid = v_active THEN
      UPDATE countersign.signing_keys SET activate_at = p_now WHERE kid = v_pending;
    END IF;
    PERFORM countersign.change_ring(p_now);
    RETURN true;
  END $$;

  CREATE FUNCTION countersign.add_pepper(p_id integer, p_sealed bytea, p_created_at bigint, p_actor text, p_reason text) RETURNS text
  LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${locks.keys});
    INSERT INTO countersign.peppers (id, sealed, created_at) VALUES (p_id, p_sealed, p_created_at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN 'taken';
    END IF;
    UPDATE countersign.revocation_feed SET keys_version = keys_version + 1;
    PERFORM countersign.write_operator_audit('keys.rotate_pepper', p_id::text, p_actor, p_reason, countersign.now_ms());
    RETURN 'added';
  END $$;

  CREATE FUNCTION countersign.abandon_keys(p_actor text, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM countersign.end_everything(p_actor, p_reason);
    DELETE FROM countersign.peppers;
    PERFORM countersign.write_audit('keys.abandon', '*', p_actor, p_reason, countersign.now_ms());
  END $$;
`
