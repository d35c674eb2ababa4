/** What the client takes from where it runs: network, clocks, chance, other tabs, the page. Passed in, so that tests decide them. */

/** Everything that is not the client's own; the system's unless a part of it is passed to `createClient`. */
export interface Environment {
  /** Sends a request. @default globalThis.fetch */
  readonly fetch: (request: Request) => Promise<Response>
  /** Tells how many milliseconds have passed since some moment; never goes back, but may stand still while a machine sleeps. */
  readonly monotonicNow: () => number
  /** Tells the time in epoch milliseconds; it may jump. */
  readonly now: () => number
  /** Runs an act once after so many milliseconds. */
  readonly setTimeout: (act: () => void, milliseconds: number) => unknown
  readonly clearTimeout: (timer: unknown) => void
  /** A number from 0 to below 1, for jitter only. */
  readonly random: () => number
  /** Web Locks, where there are any. */
  readonly locks?: Locks | undefined
  /** Opens a BroadcastChannel, where there are any. */
  readonly openChannel?: ((name: string) => Channel) | undefined
  /** The page, where there is one. */
  readonly page?: Page | undefined
}

/** What the client uses of the Web Locks API. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, act: () => Promise<void>): Promise<unknown>
}

/** What the client uses of a BroadcastChannel. */
export interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/**
 * What may have changed the truth behind the client's back: `awake` (the page is looked at, or runs, again), `restored` (from the
 * back/forward cache, so that everything may have happened), `online`, `left` (perhaps into that cache).
 */
export type PageEvent = 'awake' | 'restored' | 'online' | 'left'

/** What the client asks of the page it is in. */
export interface Page {
  /** The address to which relative ones refer. */
  readonly url: string
  readonly hidden: boolean
  readonly online: boolean
  /** Passes events on until the function that it returns is called. */
  listen(listener: (event: PageEvent) => void): () => void
}

/** Takes everything from the system. */
export function systemEnvironment(): Environment {
  const { BroadcastChannel: Channel } = browser
  return {
    // Looked up at each call: applications put their own in its place.
    fetch: (request) => globalThis.fetch(request),
    monotonicNow: () => performance.now(),
    now: () => Date.now(),
    setTimeout: (act, milliseconds) => setTimeout(act, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer as number),
    random: () => Math.random(),
    locks: browser.navigator?.locks,
    openChannel: Channel && ((name) => new Channel(name)),
    page: browser.document && systemPage(browser.document),
  }
}

interface Events {
  addEventListener(name: string, listener: (event: { persisted?: boolean }) => void): void
  removeEventListener(name: string, listener: (event: { persisted?: boolean }) => void): void
}

interface BrowserDocument extends Events {
  readonly baseURI: string
  readonly hidden: boolean
}

/** The browser's part of the global object, none of which needs to be there. */
const browser = globalThis as unknown as Events & {
  readonly document?: BrowserDocument
  readonly navigator?: { readonly locks?: Locks; readonly onLine?: boolean }
  readonly BroadcastChannel?: new (name: string) => Channel
}

function systemPage(document: BrowserDocument): Page {
  return {
    get url() {
      return document.baseURI
    },
    get hidden() {
      return document.hidden
    },
    get online() {
      return browser.navigator?.onLine !== false
    },
    listen(listener) {
      const sources: [Events, string, (event: { persisted?: boolean }) => void][] = [
        [document, 'visibilitychange', () => document.hidden || listener('awake')],
        [document, 'resume', () => listener('awake')],
        [browser, 'pageshow', (event) => listener(event.persisted ? 'restored' : 'awake')],
        [browser, 'pagehide', () => listener('left')],
        [browser, 'online', () => listener('online')],
      ]
      for (const [source, name, pass] of sources) source.addEventListener(name, pass)
      return () => {
        for (const [source, name, pass] of sources) source.removeEventListener(name, pass)
      }
    },
  }
}
