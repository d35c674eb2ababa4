// Clients in one process that behave like tabs of one browser: each with a page of its own, and on request a storage, locks and a channel in common.
import type { TestContext } from 'node:test'
import {
  type Channel,
  type Client,
  type ClientOptions,
  createClient,
  type Environment,
  type Locks,
  type Page,
  type PageEvent,
  type RefreshTokenStorage,
  type Session,
} from '@countersign/client'
import type { FakeTime } from './fake-time.ts'
import type { LiveServer } from './live-server.ts'

/** A page that a test hides, cuts off and wakes up. */
export class TestPage implements Page {
  readonly url: string
  hidden = false
  online = true
  readonly #listeners = new Set<(event: PageEvent) => void>()

  constructor(url: string) {
    this.url = url
  }

  listen(listener: (event: PageEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell(event: PageEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

/** A storage that several clients share, and that counts. */
export class SharedStorage implements RefreshTokenStorage {
  readonly sharedAs = 'test'
  stored: string | undefined
  writes = 0
  read = (): string | undefined => this.stored
  write(refreshToken: string): void {
    this.writes += 1
    this.stored = refreshToken
  }
  remove(): void {
    this.stored = undefined
  }
}

/** Web Locks for the tabs of one test; Node 24 has them too, but one of its locks could not be orphaned. */
export class TestLocks implements Locks {
  /** The name of each lock that is held. */
  readonly held = new Set<string>()
  readonly #waiting: (() => void)[] = []

  async request(name: string, { signal }: { signal: AbortSignal }, act: () => Promise<void>): Promise<void> {
    while (this.held.has(name)) {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        // Whoever waits hears of the release no sooner than of what was posted before.
        this.#waiting.push(() => setImmediate(() => setImmediate(resolve)))
      })
    }
    this.held.add(name)
    try {
      await act()
    } finally {
      this.held.delete(name)
      for (const go of this.#waiting.splice(0)) go()
    }
  }
}

/** Channels of one test: what one posts, the others of its name get a turn later. */
export class TestChannels {
  /** Everything that was posted. */
  readonly posted: unknown[] = []
  readonly #open = new Set<Channel & { name: string }>()

  /** How many are open. */
  get count(): number {
    return this.#open.size
  }

  open = (name: string): Channel => {
    const channel: Channel & { name: string } = {
      name,
      onmessage: null,
      postMessage: (message) => {
        this.posted.push(message)
        for (const other of this.#open)
          if (other !== channel && other.name === name)
            setImmediate(() => this.#open.has(other) && other.onmessage?.({ data: structuredClone(message) }))
      },
      close: () => void this.#open.delete(channel),
    }
    this.#open.add(channel)
    return channel
  }
}

export interface Tab {
  readonly client: Client
  readonly page: TestPage
  /** Every state since the tab was opened, by its status. */
  readonly states: Session['status'][]
}

export interface Opening extends Partial<ClientOptions> {
  readonly locks?: Locks
  readonly channels?: TestChannels
  /** What `random` says. @default 0.5, so that a token is renewed after 80 % of its life */
  readonly random?: () => number
  readonly fetch?: Environment['fetch']
}

/** Opens a client in bearer mode. It is closed when the test ends. */
export function openTab(t: Pick<TestContext, 'after'>, live: LiveServer, time: FakeTime, opening: Opening = {}): Tab {
  const { locks, channels, random = () => 0.5, fetch, ...options } = opening
  const page = new TestPage(`${live.issuer}/`)
  const environment = {
    ...{ ...time.environment, page, random, locks, openChannel: channels?.open },
    ...(fetch && { fetch }),
  }
  const client = createClient({ issuer: live.issuer, mode: 'bearer', environment, ...options })
  t.after(() => client.close())
  const states: Session['status'][] = []
  client.onChange(({ status }) => void states.push(status))
  return { client, page, states }
}
