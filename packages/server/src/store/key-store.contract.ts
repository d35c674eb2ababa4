/** What every store must do for the life of signing keys and peppers. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { type KeyState, stateOf } from '../tokens/key-ring.ts'
import type { RotationPlan } from './key-store.ts'
import { createRule, type Opened, type StoreFixture } from './store.contract.ts'
import type { Store } from './store.ts'

const act = { actor: 'tester', reason: 'a test' }
const start = 1_800_000_000_500
const hour = 3_600_000
const plan: RotationPlan = { rotationPeriod: 100 * hour, publishAhead: 24 * hour, changesAlgorithm: false }
const retention = 2 * hour

/** Runs the contract on a store. */
export function keyContract(name: string, fixture: StoreFixture): void {
  const rule = createRule(fixture)

  describe(`${name}: signing keys`, () => {
    rule(
      'the first signs at once, the second when the period of the first is over, a third is not needed',
      async (opened) => {
        const { store, clock } = opened
        assert.deepEqual(await offer(opened, 'one'), { outcome: 'active' })
        assert.deepEqual(await offer(opened, 'two'), { outcome: 'pending' })
        assert.deepEqual(await offer(opened, 'three'), { outcome: 'not_needed' })
        assert.deepEqual(await statesOf(opened), { one: 'active', two: 'pending' })
        const [one, two] = await store.listSigningKeys()
        assert.deepEqual([one?.activateAt, one?.retireAt], [start, start + 100 * hour])
        assert.deepEqual([two?.activateAt, two?.retireAt], [start + 100 * hour, null])
        clock.now += 100 * hour - 1
        assert.deepEqual(await statesOf(opened), { one: 'active', two: 'pending' })
        clock.now += 1
        assert.deepEqual(await statesOf(opened), { one: 'retired', two: 'active' })
        assert.deepEqual(await offer(opened, 'three'), { outcome: 'pending' })
        clock.now += retention
        assert.deepEqual(await statesOf(opened), { one: 'removed', two: 'active', three: 'pending' })
      },
    )

    rule('a key that is made late is published for its time before it signs', async (opened) => {
      await offer(opened, 'one')
      opened.clock.now += 500 * hour
      await offer(opened, 'two')
      assert.equal((await opened.store.listSigningKeys())[1]?.activateAt, opened.clock.now + 24 * hour)
    })

    rule('of a hundred servers that find a key missing at once one has its key kept', async (opened) => {
      const other = await opened.openAgain()
      const stores = Array.from({ length: 100 }, (_, index) => (index % 2 ? opened.store : other))
      for (const expected of ['active', 'pending', 'none']) {
        const answers = await Promise.all(
          stores.map((store, index) => offer({ ...opened, store }, `${expected}-${index}`)),
        )
        // The two that are missing at first are both found at once.
        const kept = answers.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'not_needed')
        assert.deepEqual(kept.sort(), expected === 'active' ? ['active', 'pending'] : [])
      }
      assert.deepEqual(Object.values(await statesOf(opened)).sort(), ['active', 'pending'])
    })

    rule('another algorithm takes the place of the pending key, and signs as soon as it is known', async (opened) => {
      await offer(opened, 'one')
      await offer(opened, 'two')
      assert.deepEqual(await offer(opened, 'other', { alg: 'EdDSA' }), { outcome: 'not_needed' })
      assert.deepEqual(await offer(opened, 'three', { changesAlgorithm: true }), { outcome: 'not_needed' })
      const change = { alg: 'EdDSA', changesAlgorithm: true }
      assert.deepEqual(await offer(opened, 'other', change), { outcome: 'pending' })
      assert.deepEqual(await statesOf(opened), { one: 'active', other: 'pending' })
      opened.clock.now += 24 * hour
      assert.deepEqual(await statesOf(opened), { one: 'retired', other: 'active' })
    })

    rule('a rotation lets the pending key sign once it has been published for its time, or at once', async (opened) => {
      const { store, clock } = opened
      assert.deepEqual(await store.rotateSigningKeys(24 * hour, act), { outcome: 'none_pending' })
      await offer(opened, 'one')
      await offer(opened, 'two')
      const soon = { outcome: 'rotated', kid: 'two', activateAt: start + 24 * hour } as const
      assert.deepEqual(await store.rotateSigningKeys(24 * hour, act), soon)
      assert.deepEqual(await statesOf(opened), { one: 'active', two: 'pending' })
      assert.deepEqual(await store.rotateSigningKeys(500 * hour, act), soon, 'it is never put off')
      clock.now += hour
      assert.deepEqual(await store.rotateSigningKeys(0, act), { outcome: 'rotated', kid: 'two', activateAt: clock.now })
      assert.deepEqual(await statesOf(opened), { one: 'retired', two: 'active' })
      const audit = await store.listAudit(undefined, 10)
      assert.deepEqual(
        audit.map(({ event, subject, actor }) => [event, subject, actor]),
        Array.from({ length: 3 }, () => ['keys.rotate', 'two', 'tester']),
      )
    })

    rule('an active key that is revoked has the pending one sign in its place from that moment', async (opened) => {
      const { store, clock } = opened
      await offer(opened, 'one')
      await offer(opened, 'two')
      clock.now += hour
      assert.deepEqual(await store.revoke({ kind: 'key', kid: 'one' }, act), { outcome: 'revoked' })
      assert.deepEqual(await statesOf(opened), { one: 'revoked', two: 'active' })
      assert.deepEqual(
        (await store.listSigningKeys()).map(({ kid, activateAt }) => [kid, activateAt]),
        [['two', clock.now]],
      )
    })

    rule(
      'without its pending key, which is revoked, the active one signs on until there is another',
      async (opened) => {
        const { store, clock } = opened
        await offer(opened, 'one')
        await offer(opened, 'two')
        await store.revoke({ kind: 'key', kid: 'two' }, act)
        clock.now += 300 * hour
        assert.deepEqual(await statesOf(opened), { one: 'active', two: 'revoked' })
        await offer(opened, 'three')
        clock.now += 24 * hour
        assert.deepEqual(await statesOf(opened), { one: 'retired', two: 'revoked', three: 'active' })
        await store.revoke({ kind: 'key', kid: 'one' }, act)
        assert.deepEqual(await statesOf(opened), { one: 'revoked', two: 'revoked', three: 'active' })
      },
    )

    rule('forgets the private half of a key that is removed or revoked, and never of another', async (opened) => {
      const { store, clock } = opened
      await offer(opened, 'one')
      await offer(opened, 'two')
      clock.now += 100 * hour
      await offer(opened, 'three')
      clock.now += retention + 24 * hour - 1
      await store.destroySigningKeys(retention)
      assert.deepEqual(await kept(store), ['one', 'two', 'three'])
      clock.now += 1
      await store.destroySigningKeys(retention)
      assert.deepEqual(await kept(store), ['two', 'three'])
      assert.equal((await store.listSigningKeyRecords()).length, 3, 'that there was one is not forgotten')
      assert.deepEqual(await store.revoke({ kind: 'key', kid: 'one' }, act), { outcome: 'revoked' })
    })

    rule(
      'abandoned keys are revoked, each by its own entry, peppers are gone, and everything is ended',
      async (opened) => {
        const { store } = opened
        await offer(opened, 'one')
        await offer(opened, 'two')
        await store.addPepper(pepper(1, 'a'))
        const { keysVersion } = await store.readHead()
        await store.abandonKeys(act)
        assert.deepEqual(await statesOf(opened), { one: 'revoked', two: 'revoked' })
        assert.deepEqual([await kept(store), await store.listPeppers()], [[], []])
        assert.equal((await store.readHead()).keysVersion, keysVersion + 1)
        await store.sequence(10, 0)
        const entries = (await store.readSnapshot()).entries.map(([kind, value]) => `${kind} ${value}`)
        assert.deepEqual(entries.sort(), ['g ', 'k one', 'k two'])
        assert.equal(await store.isRevoked({ iat: start / 1000 }), true)
        assert.deepEqual(await offer(opened, 'three'), { outcome: 'active' })
      },
    )

    rule(
      'a completed restore revokes every key, one of which may have been revoked since the backup, unless sessions are kept',
      async (opened) => {
        const { store } = opened
        await offer(opened, 'one')
        await offer(opened, 'two')
        await store.addPepper(pepper(1, 'a'))
        await store.completeRestore('moved', true, act)
        assert.deepEqual(await statesOf(opened), { one: 'active', two: 'pending' })
        await store.completeRestore('restored', false, act)
        assert.deepEqual(await statesOf(opened), { one: 'revoked', two: 'revoked' })
        assert.equal((await store.listPeppers()).length, 1)
        await store.sequence(10, 0)
        const entries = (await store.readSnapshot()).entries.map(([kind, value]) => `${kind} ${value}`)
        assert.deepEqual(entries.sort(), ['g ', 'k one', 'k two'])
        assert.deepEqual(await offer(opened, 'three'), { outcome: 'active' })
      },
    )

    rule('every change raises the version of the keys, and nothing else does', async (opened) => {
      const { store } = opened
      let version = (await store.readHead()).keysVersion
      const raises = async (change: () => Promise<unknown>, by: 0 | 1, title: string) => {
        await change()
        const next = (await store.readHead()).keysVersion
        assert.equal(next - version, by, title)
        version = next
      }
      await raises(() => offer(opened, 'one'), 1, 'the first key')
      await raises(() => offer(opened, 'two'), 1, 'the second')
      await raises(() => offer(opened, 'three'), 0, 'one that is not needed')
      await raises(() => store.rotateSigningKeys(0, act), 1, 'a rotation')
      await raises(() => store.rotateSigningKeys(0, act), 0, 'one without a pending key')
      await raises(() => store.revoke({ kind: 'key', kid: 'one' }, act), 1, 'a revocation')
      await raises(() => store.addPepper(pepper(1, 'a')), 1, 'a pepper')
      await raises(() => store.addPepper(pepper(1, 'b')), 0, 'a pepper that is there')
      await raises(() => store.declareTokenLifetime(600), 1, 'a longer life of tokens')
      await raises(() => store.declareTokenLifetime(600), 0, 'the same')
      await raises(() => store.declareTokenLifetime(300), 0, 'a shorter one, while the longer are alive')
      await raises(() => store.declareTokenLifetime(600), 0, 'the longer one again, meanwhile')
    })
  })

  describe(`${name}: peppers`, () => {
    rule("keeps the first of an id, and an operator's act in the audit table", async ({ store }) => {
      assert.deepEqual(await store.addPepper(pepper(1, 'a')), { outcome: 'added' })
      assert.deepEqual(await store.addPepper(pepper(1, 'b')), { outcome: 'taken' })
      assert.deepEqual(await store.addPepper(pepper(2, 'c'), act), { outcome: 'added' })
      assert.deepEqual(
        (await store.listPeppers()).map(({ id, sealed }) => [id, Buffer.from(sealed).toString()]),
        [
          [1, 'a'],
          [2, 'c'],
        ],
      )
      assert.deepEqual(
        (await store.listAudit(undefined, 10)).map(({ event, subject }) => [event, subject]),
        [['keys.rotate_pepper', '2']],
      )
    })

    rule('what is sealed anew takes the place of what was opened, and of nothing else', async (opened) => {
      const { store } = opened
      await offer(opened, 'one')
      await store.addPepper(pepper(1, 'a'))
      const bytes = (text: string) => Buffer.from(text)
      for (const [from, expected] of [
        ['other', ['one', 'a']],
        ['one', ['new', 'a']],
        ['a', ['new', 'new']],
      ] as const) {
        await store.resealSigningKey('one', { from: bytes(from), to: bytes('new') })
        await store.resealPepper(1, { from: bytes(from), to: bytes('new') })
        const sealed = [(await store.listSigningKeys())[0]?.sealed, (await store.listPeppers())[0]?.sealed]
        assert.deepEqual(
          sealed.map((one) => Buffer.from(one ?? []).toString()),
          expected,
        )
      }
    })
  })
}

async function offer({ store, clock }: Opened, kid: string, change: { alg?: string; changesAlgorithm?: boolean } = {}) {
  const { alg = 'ES256', changesAlgorithm = false } = change
  return store.addSigningKey(
    { kid, alg, sealed: Buffer.from(kid), createdAt: clock.now },
    { ...plan, changesAlgorithm },
  )
}

async function statesOf({ store, clock }: Opened): Promise<Record<string, KeyState>> {
  const records = await store.listSigningKeyRecords()
  return Object.fromEntries(records.map((record) => [record.kid, stateOf(record, clock.now, retention)]))
}

async function kept(store: Store): Promise<string[]> {
  return (await store.listSigningKeys()).map(({ kid }) => kid)
}

function pepper(id: number, sealed: string) {
  return { id, sealed: Buffer.from(sealed), createdAt: start }
}
