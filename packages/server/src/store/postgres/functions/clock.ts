/** The clock, and what is derived from it. */
import { ours } from './locks.ts'

export const clock = `
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
