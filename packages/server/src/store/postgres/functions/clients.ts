/** The client registry. */
import { locks } from './locks.ts'

export const clients = `
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
