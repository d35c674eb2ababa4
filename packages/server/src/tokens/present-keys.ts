/**
 * The keys as this server has them, and when it looks again.
 *
 * Each transition that allows a token answers with the version of the keys; another version than ours means that they are read anew
 * before anything is signed. What changes with time alone (a key that begins to sign, one that is removed) is seen at the next use after
 * that moment and once a minute, and is done in the background: nobody waits for a key to be made.
 *
 * If the store is away, or a key cannot be opened, the server signs on with what it has until a transition names another version;
 * then it answers 503.
 */
import { describeError, type Log } from '../log.ts'
import type { Settings } from '../settings/settings.ts'
import { type Store, StoreUnavailableError } from '../store/store.ts'
import { type AccessTokens, createAccessTokens } from './access-token.ts'
import { type KeyParts, type Keys, keepKeys, loadKeys } from './keys.ts'
import { createSeal } from './seal.ts'

/** Keys of one version. */
export interface PresentKeys {
  readonly keys: Keys
  readonly accessTokens: AccessTokens
  readonly keysVersion: number
}

export interface KeyRing {
  /** Reads the keys, makes what is missing, and looks again from time to time. @throws Error when they cannot be had */
  start(): Promise<void>
  stop(): void
  /** Finds the keys that were read last; nothing before any were. */
  find(): PresentKeys | undefined
  /** Reads the keys again if they could not be read the last time. @throws Error when they still cannot */
  check(): Promise<void>
  /** Gets the keys that were read last. */
  present(): PresentKeys
  /** Gets the keys of a version. @throws StoreUnavailableError when they cannot be had */
  of(keysVersion: number): Promise<PresentKeys>
  /** Gets the keys that the store has now, whoever has changed them. @throws StoreUnavailableError when they cannot be had */
  latest(): Promise<PresentKeys>
  /** Reads the keys of a version before somebody needs them, once there are any. */
  expect(keysVersion: number): void
}

interface KeyRingParts {
  readonly settings: Settings
  readonly store: Store
  readonly log: Log
  readonly random: (length: number) => Uint8Array
  readonly sleep: (milliseconds: number) => Promise<void>
}

/** How often the ring is looked after without a reason, and how long after a failure, milliseconds. */
const upkeepEvery = 60_000
const pauseAfterFailure = 5000

export function createKeyRing({ settings, store, log, random, sleep }: KeyRingParts): KeyRing {
  const { alg, secrets, keySchedule: schedule } = settings
  const seal = createSeal(settings.masterKey, settings.previousMasterKey)
  const keyParts: KeyParts = { store, seal, alg, secrets, schedule, random }
  let loaded: PresentKeys | undefined
  let loading: Promise<PresentKeys> | undefined
  let keeping: Promise<void> | undefined
  let isUnreadable = false
  let keepAfter = Number.NEGATIVE_INFINITY
  let signingKid: string | undefined
  let timer: NodeJS.Timeout | undefined

  function present(): PresentKeys {
    if (loaded === undefined) throw new Error('a request came before the keys were loaded')
    return loaded
  }

  async function loadOnce(): Promise<PresentKeys> {
    // Read before the keys: a change in between shows at the next minting, and loads them again.
    const { keysVersion, maxLifetime } = await store.readHead()
    const keys = await loadKeys(keyParts, maxLifetime)
    const accessTokens = createAccessTokens({ settings, keys, random, sleep, now: store.estimateNow })
    loaded = { keys, accessTokens, keysVersion }
    tellOfChange(keys)
    return loaded
  }

  function load(): Promise<PresentKeys> {
    loading ??= loadOnce()
      .then(
        (present) => {
          isUnreadable = false
          return present
        },
        (error: unknown) => {
          tellOfFailure(error)
          throw error
        },
      )
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  /** A store that is away is told of by those who need it. */
  function tellOfFailure(error: unknown): void {
    if (!isUnreadable && !(error instanceof StoreUnavailableError))
      log.error({ event: 'keys.unreadable', alert: true, err: describeError(error) }, 'the signing keys cannot be read')
    isUnreadable = true
  }

  function tellOfChange(keys: Keys): void {
    const { kid, alg: present } = keys.signingKeyAt(store.estimateNow())
    if (kid === signingKid) return
    signingKid = kid
    log.info({ event: 'keys.signing', kid, alg: present }, 'this key signs from now on')
    if (present !== alg)
      log.warn({ event: 'keys.algorithm', present, next: alg }, 'the algorithm changes with the next key')
  }

  async function of(keysVersion: number): Promise<PresentKeys> {
    // A load that had begun before may have read what was before; the one after it cannot.
    for (let time = 0; time < 2 && present().keysVersion !== keysVersion; time++) await load().catch(unavailable)
    const { keys } = present()
    if (!keys.isComplete || store.estimateNow() >= keys.staleAt) keepInBackground()
    return present()
  }

  async function latest(): Promise<PresentKeys> {
    return of((await store.readHead()).keysVersion)
  }

  async function keep(isStart: boolean): Promise<void> {
    const hasChanged = await keepKeys(keyParts, isStart)
    if (hasChanged || store.estimateNow() >= present().keys.staleAt || !present().keys.isComplete) await load()
  }

  /** One at a time: two would each make a key, of which one is not needed. */
  function keepOnce(): Promise<void> {
    keeping ??= keep(false).finally(() => {
      keeping = undefined
    })
    return keeping
  }

  function keepInBackground(): void {
    if (keeping !== undefined || performance.now() < keepAfter) return
    keepOnce().catch((error: unknown) => {
      keepAfter = performance.now() + pauseAfterFailure
      log.error({ event: 'keys.upkeep', alert: true, err: describeError(error) }, 'the next signing key cannot be made')
    })
  }

  /** Also says again how long our tokens live: another server may have said less. A store that is away is told of by those who need it. */
  async function look(): Promise<void> {
    await store.declareTokenLifetime(settings.accessTokenLifetime)
    await latest()
    await keepOnce()
  }

  return {
    async start() {
      await store.declareTokenLifetime(settings.accessTokenLifetime)
      await load()
      await keep(true)
      timer ??= setInterval(() => void look().catch(() => {}), upkeepEvery).unref()
    },
    stop: () => clearInterval(timer),
    find: () => loaded,
    async check() {
      if (isUnreadable) await load()
    },
    ...{ present, of, latest },
    expect(keysVersion) {
      if (loaded !== undefined) of(keysVersion).catch(() => {})
    },
  }
}

function unavailable(cause: unknown): never {
  if (cause instanceof StoreUnavailableError) throw cause
  throw new StoreUnavailableError('the signing keys cannot be read', { cause })
}
