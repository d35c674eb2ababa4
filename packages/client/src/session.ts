/**
 * What this page knows of its session: the epoch, the access token, and what it shows of them. Everything that changes them is here;
 * whether a change is due is decided elsewhere.
 */
import { type AccessToken, remainingLifetime } from './access-token.ts'
import type { Environment } from './environment.ts'

/** What a client knows of who is signed in. The object stays the same until something changes. */
export type Session =
  /** Nobody has asked the server yet. */
  | { readonly status: 'unknown' }
  | { readonly status: 'signed-out' }
  | { readonly status: 'signed-in'; readonly userId: string; readonly sid: string }
  /** Signed in, but an API wants a more recent or stronger sign-in (RFC 9470 §3). */
  | {
      readonly status: 'step-up-required'
      readonly userId: string
      readonly sid: string
      readonly acrValues?: string
      /** Seconds. */
      readonly maxAge?: number
    }

/** What an API wants of a sign-in. */
export interface StepUp {
  readonly acrValues?: string
  readonly maxAge?: number
}

/** The session of a page. */
export interface SessionHolder {
  readonly shown: Session
  /** Grows with every login, logout and change of session: what began under another one is void. */
  readonly epoch: number
  readonly token: AccessToken | undefined
  /** Takes the token of a session that was not there before. */
  begin(token: AccessToken): void
  /** Takes a newer token of the same session. */
  renew(token: AccessToken): void
  end(): void
  requireStepUp(stepUp: StepUp): void
  /** Calls a listener after each change of what is shown, never in the middle of one. */
  onChange(listener: (session: Session) => void): () => void
}

/** @param onToken is called whenever the token has changed */
export function createSession(initial: Session, onToken: () => void): SessionHolder {
  let shown = initial
  let epoch = 0
  let token: AccessToken | undefined
  const listeners = new Set<(session: Session) => void>()

  function show(next: Session): void {
    if (next.status === 'signed-out' && shown.status === 'signed-out') return
    shown = next
    for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener(next))
  }

  function signedIn({ userId, sid }: AccessToken): Session {
    return { status: 'signed-in', userId, sid }
  }

  return {
    get shown() {
      return shown
    },
    get epoch() {
      return epoch
    },
    get token() {
      return token
    },
    begin(newer) {
      epoch += 1
      token = newer
      show(signedIn(newer))
      onToken()
    },
    renew(newer) {
      const older = token
      token = newer
      if (shown.status === 'step-up-required' && older && newer.authTime > older.authTime) show(signedIn(newer))
      onToken()
    },
    end() {
      epoch += 1
      token = undefined
      show({ status: 'signed-out' })
      onToken()
    },
    requireStepUp(stepUp) {
      if (token !== undefined) show({ ...signedIn(token), status: 'step-up-required', ...stepUp } as Session)
    },
    onChange(listener) {
      // Wrapped, so that a function that listens twice is called twice and each subscription ends for itself.
      const own = (session: Session) => listener(session)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

/** Tells whether one token of a session lasts longer than another. */
export function outlasts(one: AccessToken, other: AccessToken | undefined, environment: Environment): boolean {
  return other === undefined || remainingLifetime(one, environment) > remainingLifetime(other, environment)
}
