/**
 * The keys this server works with, read from the store once at start: the signing key, the public keys it publishes, and the
 * peppers of refresh tokens. What is missing is made and sealed; if two processes start at once, both use what the store
 * kept first. Owns no key text: the private JWK exists only between `open` and `importKey`.
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
import type { SealedKey, Store } from '../store/store.ts'
import type { Seal } from './seal.ts'

/** The secrets of HS256, HS384 or HS512: one issuer that is its own verifier. */
export interface SharedSecrets {
  readonly signing: Uint8Array
  /** Still accepted while it is being replaced. */
  readonly previous: Uint8Array | undefined
}

export interface Keys {
  readonly signingKey: Key
  /** Every key whose tokens are accepted, the signing key among them. */
  readonly verificationKeys: readonly Key[]
  /** What is published; never holds a secret. */
  readonly jwkSet: JwkSet
  readonly peppers: Peppers
}

interface KeyParts {
  readonly store: Store
  readonly seal: Seal
  readonly alg: Algorithm
  readonly secrets: SharedSecrets | undefined
  readonly random: (length: number) => Uint8Array
}

/** Opens the keys of the store, making those that are missing. @throws Error when the master key does not fit. */
export async function loadKeys(parts: KeyParts): Promise<Keys> {
  const peppers = await loadPeppers(parts)
  return { ...(parts.secrets ? secretKeys(parts, parts.secrets) : await keyPairs(parts)), peppers }
}

function secretKeys({ alg, seal }: KeyParts, secrets: SharedSecrets): Omit<Keys, 'peppers'> {
  const bind = (secret: Uint8Array) => importKey(secret, { alg, kid: seal.nameOf(secret) })
  const signingKey = bind(secrets.signing)
  const previous = secrets.previous ? [bind(secrets.previous)] : []
  return { signingKey, verificationKeys: [signingKey, ...previous], jwkSet: { keys: [] } }
}

async function keyPairs(parts: KeyParts): Promise<Omit<Keys, 'peppers'>> {
  const known = await openKeys(parts.store, parts.seal)
  const signingKey = known.findLast((key) => key.alg === parts.alg) ?? (await makeKey(parts))
  const keys = known.includes(signingKey) ? known : [...known, signingKey]
  return { signingKey, verificationKeys: keys, jwkSet: exportJwkSet(keys) }
}

async function makeKey({ store, seal, alg }: KeyParts): Promise<Key> {
  const key = await generateKey(alg)
  const { kid } = key
  if (kid === undefined) throw new Error('a generated key has its thumbprint as kid')
  const createdAt = await store.now()
  const secret = Buffer.from(JSON.stringify(exportPrivateJwk(key)))
  return openKey(
    await store.addSigningKey({ kid, alg, createdAt, sealed: seal.seal(secret, keyName({ kid, alg, createdAt })) }),
    seal,
  )
}

/** Opens the keys whose tokens are accepted, and makes none. @throws Error when the master key does not fit */
export async function openKeys(store: Pick<Store, 'listSigningKeys'>, seal: Seal): Promise<readonly Key[]> {
  return (await store.listSigningKeys()).map((key) => openKey(key, seal))
}

function openKey(stored: SealedKey, seal: Seal): Key {
  const jwk = JSON.parse(Buffer.from(seal.open(stored.sealed, keyName(stored))).toString()) as Jwk
  return importKey(jwk, { kid: stored.kid })
}

function keyName({ kid, alg, createdAt }: Omit<SealedKey, 'sealed'>): string {
  return `signing key ${kid} (${alg}, ${createdAt})`
}

async function loadPeppers({ store, seal, random }: KeyParts): Promise<Peppers> {
  const stored = await store.listPeppers()
  const first = { id: 1, createdAt: await store.now(), sealed: seal.seal(random(32), pepperName(1)) }
  const peppers = stored.length > 0 ? stored : [await store.addPepper(first)]
  const byId = new Map(peppers.map(({ id, sealed }) => [id, toPepper(seal.open(sealed, pepperName(id)))]))
  return { current: Math.max(...byId.keys()), byId }
}

function pepperName(id: number): string {
  return `pepper ${id}`
}
