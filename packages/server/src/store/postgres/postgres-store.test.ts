import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { move } from '../../sessions/rotation.ts'
import { ask, newConnection, newEmptyDatabase, skip, stopCluster } from '../../test/postgres-cluster.ts'
import { keyContract } from '../key-store.contract.ts'
import { revocationContract } from '../revocation-store.contract.ts'
import { sessionLimitContract } from '../session-limits.contract.ts'
import { newSession, storeContract } from '../store.contract.ts'
import { StoreUnavailableError } from '../store.ts'
import { migratePostgres, readMigrationStatus } from './migrations.ts'
import * as fixture from './postgres-store.fixture.ts'
import { openPostgresStore } from './postgres-store.ts'

describe('PostgreSQL', { skip: skip }, () => {
  after(stopCluster)
  storeContract('PostgreSQL', fixture, new URL('./postgres-store.fixture.ts', import.meta.url).href)
  revocationContract('PostgreSQL', fixture)
  sessionLimitContract('PostgreSQL', fixture)
  keyContract('PostgreSQL', fixture)
})

describe('PostgreSQL: the state machine', { skip: skip }, () => {
  after(stopCluster)

  test('is the one of sessions/rotation.ts, for every state and token', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const [L, H] = [15_000, 60_000]
    const client = await newConnection(t, url)
    for (const [served, began] of [
      [0, 0],
      [L - 1, L - 1],
      [L, L],
      [L - 1, H],
      [L, H - 1],
      [L, H],
    ] as const)
      for (const att of [0, 1, 2])
        for (const prevAtt of [0, 1])
          for (const confirmed of [false, true])
            for (const back of [0, 1, 2, 3])
              for (const gen of [3, 4, 5, 6])
                for (const presentedAtt of [0, 1, 2, 3]) {
                  const now = 1_800_000_000_000
                  const times = { lastServedAt: now - served, generationStartedAt: now - began }
                  const state = { gen: 5, att, prevAtt, confirmed, back, ...times }
                  const expected = move(state, { gen, att: presentedAtt }, now, { leeway: L, hold: H })
                  const row = JSON.stringify({
                    ...{ gen: 5, att, prev_att: prevAtt, confirmed, back },
                    ...{ last_served_at: times.lastServedAt, generation_started_at: times.generationStartedAt },
                  })
                  const text =
                    'SELECT m.outcome, m.successor, to_jsonb(m.s) AS s FROM countersign.move(jsonb_populate_record(NULL::countersign.sessions, $1), $2, $3, $4, $5, $6) m'
                  const { rows } = await client.query({
                    name: 'move',
                    text,
                    values: [row, gen, presentedAtt, now, L, H],
                  })
                  const { outcome, successor, s } = rows[0]
                  const moved = {
                    ...{ gen: s.gen, att: s.att, prevAtt: s.prev_att, confirmed: s.confirmed, back: s.back },
                    ...{ lastServedAt: s.last_served_at, generationStartedAt: s.generation_started_at },
                  }
                  const found = 'state' in expected ? { outcome, state: moved, successor } : { outcome }
                  assert.deepEqual(found, expected, `${row} ${gen}.${presentedAtt}`)
                }
  })

  test('a history goes on through restarts, and begins anew after a failover, and not in another cluster until an operator says so', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const epochs: string[] = []
    for (const name of ['first', 'second']) {
      const store = fixture.openAt(url)
      await store.joinEpoch(name)
      epochs.push((await store.readHead()).epoch)
      await store.close()
    }
    assert.match(epochs[0] ?? '', /^first-\d+-\d+$/)
    assert.equal(epochs[1], epochs[0])
    const store = fixture.openAt(url)
    t.after(() => store.close())
    const [, system] = /^first-(\d+)-\d+$/.exec(epochs[0] ?? '') ?? []
    await ask(url, `UPDATE countersign.revocation_feed SET epoch = 'first-${system}-99'`)
    assert.deepEqual(await store.joinEpoch('after a failover'), { outcome: 'joined' })
    assert.match((await store.readHead()).epoch, /^after a failover-\d+-\d+$/)
    await ask(url, "UPDATE countersign.revocation_feed SET epoch = 'first-7-1'")
    assert.deepEqual(await store.joinEpoch('after a restore'), { outcome: 'restored' })
    assert.equal((await store.readHead()).epoch, 'first-7-1', 'nothing has changed')
    await store.completeRestore('told', true, { actor: 'test', reason: '' })
    assert.deepEqual(await store.joinEpoch('third'), { outcome: 'joined' })
    assert.match((await store.readHead()).epoch, /^told-\d+-\d+$/)
  })

  test('a host that does not tell which database it is has its history go on', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    await ask(url, 'CREATE ROLE plain_user LOGIN')
    t.after(() => ask(Object.assign(new URL(url), { pathname: '/postgres' }).href, 'DROP ROLE plain_user'))
    await ask(url, 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
    await ask(
      url,
      'GRANT ALL ON SCHEMA countersign TO plain_user; GRANT ALL ON ALL TABLES IN SCHEMA countersign TO plain_user',
    )
    const store = openPostgresStore({ url: Object.assign(new URL(url), { username: 'plain_user' }).href })
    t.after(() => store.close())
    for (const name of ['first', 'second']) assert.deepEqual(await store.joinEpoch(name), { outcome: 'joined' })
    assert.equal((await store.readHead()).epoch, 'first-unknown-0')
  })

  test('migrates once, whoever begins, and says what is missing', async (t) => {
    const url = await newEmptyDatabase((remove) => t.after(remove))
    const all = ['Tables', 'Index of sessions that nobody has ended', 'Functions']
    assert.deepEqual(await readMigrationStatus(url), { done: [], missing: all, newer: [] })
    const taken = await Promise.all(Array.from({ length: 4 }, () => migratePostgres(url)))
    assert.deepEqual(taken.flat(), all)
    assert.deepEqual(await readMigrationStatus(url), { done: all, missing: [], newer: [] })
  })

  test('runs on after a step of a newer version, and takes nothing, until a step says that it cannot', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    await ask(url, "INSERT INTO countersign.schema_steps VALUES ('A column more', now(), '0.1.0')")
    await ask(url, "UPDATE countersign.schema_functions SET source = 'another'")
    const { newer, missing } = await readMigrationStatus(url)
    assert.deepEqual([newer, missing], [['A column more'], []])
    assert.deepEqual(await migratePostgres(url), [])
    assert.deepEqual(await ask(url, 'SELECT source FROM countersign.schema_functions'), [{ source: 'another' }])
    await ask(url, "INSERT INTO countersign.schema_steps VALUES ('A column less', now(), '98.7.0')")
    const message = /newer version of Countersign, and this one, .+ \(A column less: 98\.7\.0 or newer\)/
    await assert.rejects(readMigrationStatus(url), { name: 'UnusableDatabaseError', message })
    await assert.rejects(migratePostgres(url), { name: 'UnusableDatabaseError', message })
  })

  test('neither runs on nor ends what a newer version has begun to migrate', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    await ask(url, "INSERT INTO countersign.schema_steps VALUES ('A column more', now())")
    await ask(url, 'DELETE FROM countersign.schema_functions')
    const message = /A column more\) has not ended its migration of the database: it lacks Functions/
    await assert.rejects(readMigrationStatus(url), { name: 'UnusableDatabaseError', message })
    await assert.rejects(migratePostgres(url), { name: 'UnusableDatabaseError', message })
  })

  test('functions whose text has changed are made anew while servers call them, and no call fails', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = fixture.openAt(url)
    t.after(() => store.close())
    let isOver = false
    async function signInOverAndOver(name: string): Promise<number> {
      let count = 0
      for (; !isOver; count++) {
        const id = `${name}-${count}`
        assert.equal(
          (await store.createAccount({ id, email: `${id}@example.com`, passwordHash: 'h' })).outcome,
          'created',
        )
        const session = newSession({ userId: id, verified: { passwordVersion: 1 } })
        assert.equal((await store.openSession(session)).outcome, 'opened')
        assert.ok(await store.findLiveSession(session.sid))
      }
      return count
    }
    const calls = ['a', 'b', 'c', 'd'].map(signInOverAndOver)
    for (let time = 0; time < 5; time++) {
      await ask(url, "UPDATE countersign.schema_functions SET version = '0.0.9', source = 'another'")
      assert.deepEqual((await readMigrationStatus(url)).missing, ['Functions'])
      assert.deepEqual(await migratePostgres(url), ['Functions'])
    }
    isOver = true
    for (const count of await Promise.all(calls)) assert.ok(count > 5, String(count))
    assert.deepEqual(await migratePostgres(url), [])
  })

  test('functions of a newer version stay, and an older one that runs on them may be started again', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    await ask(url, "UPDATE countersign.schema_functions SET version = '99.0.0', source = 'another'")
    assert.deepEqual((await readMigrationStatus(url)).missing, [])
    assert.deepEqual(await migratePostgres(url), [])
  })

  test('a database that is away fails each call in time, and answers again when it is back', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, timeout: 1000 })
    t.after(() => store.close())
    await store.now()
    const away = openPostgresStore({ url: 'postgres://postgres@127.0.0.1:1/none', timeout: 1000 })
    t.after(() => away.close())
    await assert.rejects(away.now(), StoreUnavailableError)
    const database = new URL(url).pathname.slice(1)
    const admin = Object.assign(new URL(url), { pathname: '/postgres' }).href
    await ask(admin, `ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS false`)
    await ask(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`)
    await assert.rejects(store.now(), StoreUnavailableError)
    await ask(admin, `ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS true`)
    assert.ok((await store.now()) > 0)
  })

  test("calls nobody else's functions and operators, though others may make some in `public` (CVE-2018-1058)", async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    await ask(
      url,
      `CREATE TABLE public.loot (taken_by text);
      CREATE FUNCTION public.hashtextextended(text, integer) RETURNS bigint LANGUAGE sql VOLATILE AS
        $$ INSERT INTO public.loot VALUES (current_user) RETURNING 1::bigint $$;
      CREATE FUNCTION public.no_time(numeric, integer) RETURNS numeric LANGUAGE sql AS $$ SELECT 0.0 $$;
      CREATE OPERATOR public.* (leftarg = numeric, rightarg = integer, function = public.no_time);`,
    )
    const store = openPostgresStore({ url: `${url}?options=-c%20search_path%3Dpublic` })
    t.after(() => store.close())
    assert.ok((await store.now()) > 0)
    await store.revokeSessions('usr_1', 'logout_all')
    assert.deepEqual(await ask(url, 'SELECT * FROM public.loot'), [])
  })

  test('everything is revoked at once, however many sessions there are', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, timeout: 1500 })
    t.after(() => store.close())
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
    await ask(
      url,
      `INSERT INTO countersign.sessions SELECT 'sid' || n, sha256(n::text::bytea), 'usr_1', 'first-party', 'bearer', NULL, NULL, 'pwd',
        NULL, NULL, 1, 1, 0, 0, 1, 1, false, 0, 1, 1, 1, 9999999999999, 9999999999999 FROM generate_series(1, 200000) n`,
    )
    assert.ok(await store.findLiveSession('sid7'))
    assert.deepEqual(await store.revoke({ kind: 'all' }, { actor: 'test', reason: '' }), { outcome: 'revoked' })
    assert.equal(await store.findLiveSession('sid7'), undefined)
  })

  test('a snapshot is read however many entries there are, each thing once', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, timeout: 800 })
    t.after(() => store.close())
    await ask(
      url,
      `INSERT INTO countersign.revocations (seq, kind, value, not_before, expires_at, created_at)
        SELECT n, 'u', n % 250000, n, countersign.now_ms() / 1000 + CASE WHEN n <= 40000 THEN -1 ELSE 3600 END, 1
        FROM generate_series(1, 300000) n;
      UPDATE countersign.revocation_feed SET head = 299999`,
    )
    const { head, entries } = await store.readSnapshot()
    assert.deepEqual([head.seq, entries.length], [299_999, 250_000])
    const notBefores = new Map(entries.map(([, value, notBefore]) => [value, notBefore]))
    assert.equal(notBefores.size, 250_000)
    assert.deepEqual(
      ['0', '49999', '50000'].map((value) => notBefores.get(value)),
      [250_000, 299_999, 50_000],
    )
  })

  test('acts on a user with very many sessions, from before there was a limit, are over in a moment', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, timeout: 1500 })
    t.after(() => store.close())
    const act = { actor: 'test', reason: '' }
    const login = { userId: 'usr_1', maxSessions: 100, verified: { passwordVersion: 1 } }
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
    const kept = newSession({ ...login, maxSessions: 1000 })
    const count = 100_000
    const fill = async () => {
      assert.equal((await store.openSession({ ...kept, sid: kept.sid, ridHash: kept.ridHash })).outcome, 'opened')
      await ask(
        url,
        `INSERT INTO countersign.sessions SELECT md5(random()::text || i), decode(md5(random()::text || i), 'hex'), s.user_id, s.client_id, s.mode, s.scope,
           s.audience, s.amr, s.user_agent, s.ip, s.pepper_id, 1, 0, 0, s.last_served_at, s.generation_started_at, false, 0, s.created_at, s.last_seen_at - 1,
           s.authenticated_at, s.idle_expires_at, s.absolute_expires_at
         FROM countersign.sessions s, generate_series(1, ${count}) i WHERE s.sid = '${kept.sid}'`,
      )
      await ask(url, 'VACUUM ANALYZE countersign.sessions')
    }
    const clear = () => ask(url, 'TRUNCATE countersign.sessions')
    const live = async () => (await store.listLiveSessions('usr_1')).length

    await fill()
    assert.equal(await live(), 1000)
    const opening = await store.openSession(newSession(login))
    assert.equal('ended' in opening && opening.ended.length, 50)
    assert.deepEqual(await store.revokeOtherSessions('usr_1', kept.sid, 'ended_by_user'), { outcome: 'revoked' })
    assert.equal(await live(), 1)
    const acts: [string, () => Promise<{ outcome: string }>, left: number][] = [
      [
        'replaced',
        () => store.replacePassword({ userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: kept.sid }),
        1,
      ],
      ['revoked', () => store.revokeSessions('usr_1', 'logout_all'), 0],
      ['revoked', () => store.revoke({ kind: 'user', userId: 'usr_1' }, act), 0],
      ['suspended', () => store.suspendUser('usr_1', act), 0],
    ]
    for (const [outcome, run, left] of acts) {
      await setTimeout(1000)
      await clear()
      if (outcome !== 'replaced') Object.assign(kept, { verified: { passwordVersion: 2 } })
      await fill()
      assert.equal((await run()).outcome, outcome)
      assert.equal(await live(), left, outcome)
    }
    assert.deepEqual(await store.deleteAccount('usr_1', 2), { outcome: 'deleted' })
    assert.deepEqual(await ask(url, 'SELECT count(*)::int FROM countersign.sessions'), [{ count: 0 }])
  })

  test('a turn of the feed reads no more than it has to do, however many entries are kept', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = fixture.openAt(url)
    t.after(() => store.close())
    // Those of the hour after which they may go, none of them over.
    await ask(
      url,
      `INSERT INTO countersign.revocations (seq, kind, value, not_before, expires_at, created_at) OVERRIDING SYSTEM VALUE
       SELECT i, 's', md5(i::text), 0, countersign.now_ms() / 1000 + 600 - (i % 4000), 1 FROM generate_series(1, 100000) i;
       UPDATE countersign.revocation_feed SET head = 100000`,
    )
    await ask(url, 'VACUUM ANALYZE countersign.revocations')
    const client = await newConnection(t, url)
    for (const cleans of [true, false]) {
      await store.revoke({ kind: 'token', jti: `token-${cleans}` })
      await client.query('BEGIN')
      await client.query(
        `UPDATE countersign.revocation_feed SET tick_at = countersign.now_ms() - ${cleans ? 60_000 : 0}`,
      )
      await client.query('SELECT * FROM countersign.sequence(1000, 0, 0)')
      const { rows } = await client.query(
        "SELECT sum(idx_tup_fetch + seq_tup_read)::int AS read FROM pg_stat_xact_user_tables WHERE relname = 'revocations'",
      )
      await client.query('ROLLBACK')
      assert.ok(rows[0].read < 100, `${rows[0].read} rows`)
    }
    const plan = await ask(
      url,
      `EXPLAIN (COSTS off) SELECT r.id FROM countersign.revocations r WHERE r.seq IS NOT NULL
         AND r.expires_at < ${Date.now()} / 1000 - 3600 ORDER BY r.expires_at LIMIT 1000`,
    )
    assert.match(JSON.stringify(plan), /Index Scan using revocations_by_expiry.*Index Cond/)
  })

  test('a deadlock that comes back each time is a store that is away', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = fixture.openAt(url)
    t.after(() => store.close())
    await ask(
      url,
      `CREATE OR REPLACE FUNCTION countersign.now_ms() RETURNS bigint LANGUAGE plpgsql VOLATILE AS
       $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$`,
    )
    await assert.rejects(store.now(), StoreUnavailableError)
  })

  test('a step that adds a column disturbs no call of a server that has been running', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, maxConnections: 2 })
    t.after(() => store.close())
    const act = { actor: 'test', reason: '' }
    const calls = async () => {
      const both = <Result>(call: () => Promise<Result>) => Promise.all([call(), call()])
      await both(() => store.listSigningKeys())
      await both(() => store.findLiveSession('sid'))
      await both(() => store.listAudit(undefined, 1))
      await both(() => store.openSession(newSession({ maxSessions: 1 })))
      await both(() => store.listLiveSessions('usr_1'))
      await both(() => store.revokeOtherSessions('usr_1', '', 'ended_by_user'))
      await both(() => store.readHead())
      await both(() =>
        store.useSession({ ridHash: new Uint8Array(32), mode: 'bearer', idleLifetime: 1, slideAfter: 1 }),
      )
      await both(() => store.revoke({ kind: 'token', jti: 'x' }, act))
    }
    await calls()
    for (const table of ['sessions', 'signing_keys', 'audit', 'revocations', 'revocation_feed'])
      await ask(url, `ALTER TABLE countersign.${table} ADD COLUMN later text`)
    await calls()
  })

  test('a call that waits too long for a lock changes nothing', async (t) => {
    const url = await fixture.newLocation((remove) => t.after(remove))
    const store = openPostgresStore({ url, timeout: 1200 })
    t.after(() => store.close())
    await store.createAccount({ id: 'usr_1', email: 'ada@example.com', passwordHash: 'hash' })
    const holder = await newConnection(t, url)
    await holder.query("BEGIN; SELECT pg_advisory_xact_lock(countersign.user_lock('usr_1'))")
    const change = { userId: 'usr_1', fromVersion: 1, passwordHash: 'new', keepSid: '' }
    await assert.rejects(store.replacePassword(change), StoreUnavailableError)
    await holder.query('ROLLBACK')
    assert.equal((await store.findCredentialsById('usr_1'))?.passwordVersion, 1)
    assert.deepEqual(await store.replacePassword(change), { outcome: 'replaced' })
  })
})
