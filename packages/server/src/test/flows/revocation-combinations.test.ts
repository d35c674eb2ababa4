// Every combination of what may be revoked, in many orders, from the act to the decision, against the rule as it is written down.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createSigner, type Key } from '@countersign/token'
import type { RevocationTarget } from '../../store/revocation-store.ts'
import { openKeys } from '../../tokens/keys.ts'
import { createSeal } from '../../tokens/seal.ts'
import { protectApi } from '../protected-api.ts'
import { claimsOf, issuer, startTestServer, type TestServer } from '../test-server.ts'

/** The `iat` of every token that is judged. */
const iat = 1_800_000_100
/** When it is revoked, epoch milliseconds, and so with what not-before: one that is before, equal to or after `iat`. */
const moments = { before: (iat - 6) * 1000 + 500, equal: (iat - 1) * 1000 + 500, after: iat * 1000 + 700 } as const
type Moment = keyof typeof moments
const single: readonly (readonly Moment[])[] = [[], ['before'], ['equal'], ['after']]
const several: typeof single = [
  ...single,
  ...([
    ['before', 'equal'],
    ['before', 'after'],
    ['equal', 'after'],
    ['before', 'equal', 'after'],
  ] as const),
]

/** What is revoked when; the name of a thing says it too. */
interface Plan {
  readonly kind: RevocationTarget['kind']
  readonly name: string
  readonly at: Moment
}

interface Entry {
  readonly kind: RevocationTarget['kind']
  readonly value: string
  readonly notBefore: number
}

function plansOf(kind: Plan['kind'], choices: typeof single): Plan[] {
  return choices.flatMap((choice) => choice.map((at) => ({ kind, name: nameOf(choice), at })))
}

function nameOf(choice: readonly Moment[]): string {
  return choice.join('-') || 'never'
}

/** Numbers below one that are the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffle<One>(list: readonly One[], random: () => number): One[] {
  return list
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}

/** The rule, as docs/revocation-feed.md has it: any entry that matches refuses the token. */
function isRefused(entries: readonly Entry[], token: Readonly<Record<string, string>>): boolean {
  return entries.some(({ kind, value, notBefore }) => {
    if (kind === 'session') return token.sid === value
    if (kind === 'token') return token.jti === value
    if (kind === 'key') return token.kid === value
    if (kind === 'user') return token.sub === value && iat < notBefore
    if (kind === 'client') return token.client_id === value && iat < notBefore
    return iat < notBefore
  })
}

/** A server with users, clients and keys, and what revokes them. */
async function start(t: { after(run: () => unknown): void }) {
  const server = startTestServer(t)
  const { store, clock } = server
  clock.now = moments.before - 20_000
  const root = await server.signUp('root@example.com')
  await server.server.updateAccount(String(claimsOf(root.accessToken).sub), { roles: ['admin'] })
  await server.signUp()
  const act = { actor: 'test', reason: '' }
  for (const choice of several) {
    const name = nameOf(choice)
    await store.createAccount({ id: `usr_${name}`, email: `${name}@example.com`, passwordHash: '' })
    await store.createClient({ id: `client_${name}`, name, scope: [], secretHash: new Uint8Array(32) }, act)
  }
  const keys = new Map<string, Key>()
  const sids = new Map<string, string>()
  const entries: Entry[] = []

  /** Makes what a plan revokes, where it has to be there. */
  async function targetOf({ kind, name }: Plan): Promise<readonly [RevocationTarget, value: string]> {
    switch (kind) {
      case 'session': {
        const sid = String(claimsOf((await server.signIn()).accessToken).sid)
        sids.set(name, sid)
        return [{ kind, sid }, sid]
      }
      case 'key': {
        const { kid, key } = await currentKey(server)
        keys.set(name, key)
        return [{ kind, kid }, kid]
      }
      case 'token':
        return [{ kind, jti: `jti_${name}` }, `jti_${name}`]
      case 'user':
        return [{ kind, userId: `usr_${name}` }, `usr_${name}`]
      case 'client':
        return [{ kind, clientId: `client_${name}` }, `client_${name}`]
      case 'all':
        return [{ kind }, '']
    }
  }

  async function revoke(plan: Plan, through: typeof overHttp): Promise<void> {
    clock.now = moments[plan.at]
    const [target, value] = await targetOf(plan)
    const token = through === overHttp ? (await server.signIn('root@example.com')).accessToken : ''
    clock.now = moments[plan.at]
    await through(server, target, token)
    entries.push({ kind: plan.kind, value, notBefore: Math.floor(moments[plan.at] / 1000) + 1 })
  }

  async function finish(): Promise<void> {
    keys.set('never', (await currentKey(server)).key)
    clock.now = moments.after + 2000
  }
  return { server, keys, sids, entries, revoke, finish }
}

/** The key that signs, made anew after the last one was revoked. */
async function currentKey(server: TestServer): Promise<{ readonly kid: string; readonly key: Key }> {
  const [{ kid }] = (await server.call('GET', '/.well-known/jwks.json')).json.keys
  const keys = await openKeys(server.store, createSeal(new Uint8Array(32).fill(7)))
  return { kid, key: keys.find((key) => key.kid === kid)?.key as Key }
}

async function overHttp(server: TestServer, target: RevocationTarget, token: string): Promise<void> {
  const format = { user: 'iss_sub', token: 'jwt_id', session: 'session', client: 'client', key: 'key', all: 'all' }
  const { kind, ...named } = target
  const value = Object.values(named)[0] as string
  const names = { user: 'sub', token: 'jti', session: 'sid', client: 'client_id', key: 'kid', all: 'none' }
  const sub_id = { format: format[kind], iss: issuer, [names[kind]]: value }
  const reply = await server.call('POST', '/api/admin/revocations', { json: { sub_id }, token })
  assert.equal(reply.status, 204, reply.text)
}

/** As the command line does it, which needs no token. */
async function inDatabase({ store }: TestServer, target: RevocationTarget): Promise<void> {
  assert.deepEqual(await store.revoke(target, { actor: 'cli', reason: '' }), { outcome: 'revoked' })
}

type Round = Awaited<ReturnType<typeof start>>

/** Judges a token of every combination, and compares. */
async function compareAll(t: { after(run: () => unknown): void }, { server, keys, sids, entries, finish }: Round) {
  await finish()
  const api = await protectApi(t, server, { keys: [...keys.values()] })
  let [accepted, refused] = [0, 0]
  for (const [keyName, key] of keys) {
    const sign = createSigner({ key, issuer, audience: issuer, lifetime: '10m', typ: 'at+jwt', now: () => iat })
    for (const user of several)
      for (const client of several)
        for (const sid of [...sids.values(), 'a-session'])
          for (const jti of single) {
            const claims = {
              ...{ sub: `usr_${nameOf(user)}`, client_id: `client_${nameOf(client)}`, sid, jti: `jti_${nameOf(jti)}` },
            }
            const expected = isRefused(entries, { ...claims, kid: key.kid ?? '' })
            const status = await api.statusOf(sign({ ...claims, iat }))
            if (status !== (expected ? 401 : 200))
              assert.fail(`${status} for ${keyName} ${JSON.stringify(claims)} after ${JSON.stringify(entries)}`)
            if (expected) refused += 1
            else accepted += 1
          }
  }
  return { accepted, refused }
}

describe('all combinations of what is revoked before, at and after the moment of a token', () => {
  const ends: (() => unknown)[] = []
  const t = { after: (run: () => unknown) => void ends.unshift(run) }
  after(async () => {
    for (const end of ends) await end()
  })

  for (const [seed, all] of several.entries()) {
    test(`over HTTP, in an order of chance, with everything revoked ${all.join(' and ') || 'never'}`, async () => {
      const random = seeded(seed + 1)
      const round = await start(t)
      const plans = [
        ...plansOf('user', several),
        ...plansOf('client', several),
        ...(['session', 'token', 'key'] as const).flatMap((kind) => plansOf(kind, single)),
        ...plansOf('all', [all]),
      ]
      for (const moment of Object.keys(moments))
        for (const plan of shuffle(plans, random).filter(({ at }) => at === moment)) await round.revoke(plan, overHttp)
      const { accepted, refused } = await compareAll(t, round)
      assert.equal(accepted > 0, !all.includes('after'))
      assert.ok(refused > 0)
    })
  }

  for (const seed of [11, 12]) {
    test(`in the database, later moments before earlier ones: order ${seed}`, async () => {
      const round = await start(t)
      const plans = [
        ...plansOf('user', several),
        ...plansOf('client', several),
        ...plansOf('token', single),
        ...plansOf('key', single),
        ...plansOf('all', [['before', 'equal']]),
      ]
      for (const plan of shuffle(plans, seeded(seed))) await round.revoke(plan, inDatabase)
      assert.ok((await compareAll(t, round)).accepted > 0)
    })
  }
})
