/**
 * The keys this server works with: the ring of signing keys, the public keys it publishes, and the peppers of refresh tokens. Owns no
 * key text: the private JWK exists only between `open` and `importKey`.
 *
 * What is missing is made and offered to the store, which keeps the first of several servers' offers. A key is made at the start of an
 * installation, whenever the pending one has begun to sign, and when the server is started with another algorithm. What was sealed with
 * the previous master key is sealed anew, at a start and once a minute: a server that has only that one may still make a key.
 */
import {
  type Algorithm,
  exportJwkSet,
  exportPrivateJwk,
  generateKey,
  importKey,
  type Jwk,
  type JwkSet,
  type Key,
} from '@countersign/token'
import { type Peppers, toPepper } from '../sessions/refresh-token.ts'
import type { KeyStore, KeyTimes, SealedKey, SealedPepper, SigningKey } from '../store/key-store.ts'
import type { Act } from '../store/revocation-store.ts'
import type { Store } from '../store/store.ts'
import { nextChange, signingAt, stateOf } from './key-ring.ts'
import type { Seal } from './seal.ts'

/** The secrets of HS256, HS384 or HS512: one issuer that is its own verifier. */
export interface SharedSecrets {
  readonly signing: Uint8Array
  /** Still accepted while it is being replaced. */
  readonly previous: Uint8Array | undefined
}

/** How the ring of signing keys turns, milliseconds. */
export interface KeySchedule {
  /** How long a key signs. */
  readonly rotationPeriod: number
  /** How long a key is published before it signs, at least. */
  readonly publishAhead: number
  /** How long the JWK Set may be cached. */
  readonly jwksMaxAge: number
}

export interface Keys {
  /** The key that signs what a transition of this moment allowed, epoch milliseconds of the store's clock. */
  signingKeyAt(now: number): Key
  /** Every key whose tokens are accepted, the signing key among them. */
  readonly verificationKeys: readonly Key[]
  /** What is published; never holds a secret. */
  readonly jwkSet: JwkSet
  readonly peppers: Peppers
  /** From then on there is a key too many, or one is to be made; epoch milliseconds of the store's clock. */
  readonly staleAt: number
  /** Whether the next key is there already. */
  readonly isComplete: boolean
}

export interface KeyParts {
  readonly store: Store
  readonly seal: Seal
  readonly alg: Algorithm
  readonly secrets: SharedSecrets | undefined
  readonly schedule: KeySchedule
  readonly random: (length: number) => Uint8Array
}

/**
 * Reads the keys; makes one if none can sign.
 * @param maxLifetime the longest life of a token, seconds
 * @throws Error when the master key does not fit
 */
export async function loadKeys(parts: KeyParts, maxLifetime: number): Promise<Keys> {
  const { store, seal, secrets, schedule } = parts
  const retention = retentionOf(maxLifetime, schedule)
  const peppers = await loadPeppers(parts)
  if (secrets !== undefined) return { ...secretKeys(parts, secrets), peppers }
  for (;;) {
    const keys = { ...toRing(await openKeys(store, seal), await store.now(), retention), peppers }
    if (keys.isUsable) return keys
    await offerKey(parts)
  }
}

/** Makes the keys that are missing, forgets those that are gone, and says whether the ring has changed. @throws what the store throws */
export async function keepKeys(parts: KeyParts, isStart: boolean): Promise<boolean> {
  const { store, seal, alg, secrets, schedule } = parts
  await resealAll(store, seal)
  await store.destroySigningKeys(retentionOf((await store.readHead()).maxLifetime, schedule))
  if (secrets !== undefined) return false
  for (let hasChanged = false; ; hasChanged = true) {
    const next = (await store.listSigningKeys()).at(-1)
    const isPending = next !== undefined && next.activateAt > (await store.now())
    if (isPending && (next.alg === alg || !isStart)) return hasChanged
    if ((await offerKey(parts, isStart)) === 'not_needed') return hasChanged
  }
}

/** While a master key is being replaced, tokens carry the name by the previous one: servers that know only that one go on. */
function secretKeys({ alg, seal }: KeyParts, secrets: SharedSecrets): Omit<Keys, 'peppers'> {
  const bind = (secret: Uint8Array) =>
    seal
      .namesOf(secret)
      .toReversed()
      .map((kid) => importKey(secret, { alg, kid }))
  const [signingKey, ...renamed] = bind(secrets.signing)
  if (signingKey === undefined) throw new Error('a secret has a name')
  const previous = secrets.previous ? bind(secrets.previous) : []
  return {
    signingKeyAt: () => signingKey,
    verificationKeys: [signingKey, ...renamed, ...previous],
    jwkSet: { keys: [] },
    staleAt: Number.POSITIVE_INFINITY,
    isComplete: true,
  }
}

interface OpenedKey extends KeyTimes {
  readonly key: Key
}

function toRing(opened: readonly OpenedKey[], now: number, retention: number) {
  const published = opened.filter((one) => stateOf(one, now, retention) !== 'removed')
  const signing = signingAt(published, now)
  // Some verifiers take the first.
  const keys = published.toSorted((a, b) => Number(b === signing) - Number(a === signing)).map(({ key }) => key)
  function signingKeyAt(moment: number): Key {
    const found = signingAt(published, moment)
    if (found === undefined) throw new Error('no key signs at this moment')
    return found.key
  }
  return {
    signingKeyAt,
    verificationKeys: keys,
    jwkSet: exportJwkSet(keys),
    staleAt: nextChange(published, now, retention),
    isUsable: signing !== undefined,
    isComplete: published.some(({ activateAt }) => activateAt > now),
  }
}

/**
 * How long a key is published after it has signed its last token, milliseconds: the longest life of a token (seconds), a clock that is
 * behind, and a set that was fetched just before.
 */
export function retentionOf(maxLifetime: number, { jwksMaxAge }: Pick<KeySchedule, 'jwksMaxAge'>): number {
  return (maxLifetime + 60) * 1000 + jwksMaxAge
}

/** Makes a key, and offers it to the ring. @throws Error when the master key does not fit: others could not open the key */
async function offerKey({ store, seal, alg, schedule }: KeyParts, changesAlgorithm = false) {
  await assertFits(store, seal)
  const key = await generateKey(alg)
  const { kid } = key
  if (kid === undefined) throw new Error('a generated key has its thumbprint as kid')
  const createdAt = await store.now()
  const secret = Buffer.from(JSON.stringify(exportPrivateJwk(key)))
  const sealed = seal.seal(secret, keyName({ kid, alg, createdAt }))
  return (await store.addSigningKey({ kid, alg, createdAt, sealed }, { ...schedule, changesAlgorithm })).outcome
}

/** Opens the keys that are kept, and makes none. @throws Error when the master key does not fit */
export async function openKeys(
  store: Pick<KeyStore, 'listSigningKeys'>,
  seal: Seal,
): Promise<readonly (OpenedKey & SigningKey)[]> {
  return (await store.listSigningKeys()).map((stored) => ({ ...stored, key: openKey(stored, seal) }))
}

function openKey(stored: SealedKey, seal: Seal): Key {
  const jwk = JSON.parse(Buffer.from(seal.open(stored.sealed, keyName(stored))).toString()) as Jwk
  return importKey(jwk, { kid: stored.kid })
}

function keyName({ kid, alg, createdAt }: Omit<SealedKey, 'sealed'>): string {
  return `signing key ${kid} (${alg}, ${createdAt})`
}

async function loadPeppers({ store, seal, random }: KeyParts): Promise<Peppers> {
  let stored = await store.listPeppers()
  if (stored.length === 0) {
    await store.addPepper(await makePepper(store, seal, random, 1))
    stored = await store.listPeppers()
  }
  const byId = new Map(stored.map(({ id, sealed }) => [id, toPepper(seal.open(sealed, pepperName(id)))]))
  return { current: Math.max(...byId.keys()), byId }
}

/** Makes sure that the master key opens everything there is. @throws Error that names what it does not open */
async function assertFits(store: KeyStore, seal: Seal): Promise<void> {
  await openKeys(store, seal)
  for (const { id, sealed } of await store.listPeppers()) seal.open(sealed, pepperName(id))
}

/**
 * Adds a pepper, with which the next generations of refresh tokens are made; those of before go on.
 * @returns its id, or nothing if there have been as many as a token can name
 * @throws Error when the master key does not fit: no server could open the pepper
 */
export async function rotatePepper(
  { store, seal, random }: Pick<KeyParts, 'store' | 'seal' | 'random'>,
  act: Act,
): Promise<number | undefined> {
  await assertFits(store, seal)
  for (;;) {
    const id = Math.max(0, ...(await store.listPeppers()).map((one) => one.id)) + 1
    if (id > 255) return undefined
    if ((await store.addPepper(await makePepper(store, seal, random, id), act)).outcome === 'added') return id
  }
}

async function makePepper(
  store: Pick<Store, 'now'>,
  seal: Seal,
  random: KeyParts['random'],
  id: number,
): Promise<SealedPepper> {
  return { id, createdAt: await store.now(), sealed: seal.seal(random(32), pepperName(id)) }
}

function pepperName(id: number): string {
  return `pepper ${id}`
}

/** Seals anew what was sealed with the previous master key. */
async function resealAll(store: KeyStore, seal: Seal): Promise<void> {
  const reseal = (from: Uint8Array, name: string) => ({ from, to: seal.seal(seal.open(from, name), name) })
  for (const key of await store.listSigningKeys())
    if (!seal.isPresent(key.sealed)) await store.resealSigningKey(key.kid, reseal(key.sealed, keyName(key)))
  for (const { id, sealed } of await store.listPeppers())
    if (!seal.isPresent(sealed)) await store.resealPepper(id, reseal(sealed, pepperName(id)))
}
