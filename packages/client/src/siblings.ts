/**
 * What tabs that share a session tell each other. Any script of the origin can write to the channel: a message is read with care, carries no
 * refresh token, and what it says of another session than one's own is only a reason to ask the server.
 */
import { type AccessToken, readAccessToken, remainingLifetime } from './access-token.ts'
import type { Channel } from './environment.ts'
import type { Settings } from './options.ts'

/** A message of a sibling, as it was understood. */
export type SiblingMessage =
  | { readonly kind: 'token'; readonly token: AccessToken; readonly isLogin: boolean }
  | { readonly kind: 'signed-out'; readonly sid: string | undefined }

/** The other tabs. */
export interface Siblings {
  tellToken(token: AccessToken, isLogin: boolean): void
  tellSignedOut(sid: string | undefined): void
  /** Opens the channel; again after `leave`. */
  join(): void
  /** Closes the channel: a page with an open one is not kept in the back/forward cache. */
  leave(): void
}

/** Finds the other tabs; where there are none or no way to them, telling them does nothing. */
export function createSiblings(
  { sharedAs, environment }: Settings,
  receive: (message: SiblingMessage) => void,
): Siblings {
  const { openChannel } = environment
  let channel: Channel | undefined

  const tell = (message: object): void => channel?.postMessage(message)

  return {
    tellToken(token, isLogin) {
      const expiresIn = remainingLifetime(token, environment)
      tell({ kind: 'token', text: token.text, expiresIn, sentAt: environment.now(), isLogin })
    },
    tellSignedOut: (sid) => tell({ kind: 'signed-out', sid }),
    join() {
      if (sharedAs === undefined || openChannel === undefined || channel) return
      try {
        channel = openChannel(sharedAs)
        channel.onmessage = ({ data }) => {
          const message = readMessage(data, environment)
          if (message !== undefined) receive(message)
        }
      } catch {
        // A page of an opaque origin has none.
      }
    },
    leave() {
      channel?.close()
      channel = undefined
    },
  }
}

/** Reads what came; `undefined` for anything that we do not send. */
export function readMessage(data: unknown, environment: Settings['environment']): SiblingMessage | undefined {
  const { kind, text, expiresIn, sentAt, isLogin, sid } = Object(data) as Record<string, unknown>
  if (kind === 'signed-out' && (sid === undefined || typeof sid === 'string')) return { kind, sid }
  if (kind !== 'token' || typeof sentAt !== 'number' || typeof expiresIn !== 'number') return undefined
  // A tab that was frozen reads its messages late.
  const age = Math.max(0, environment.now() - sentAt) / 1000
  const token = readAccessToken(text, expiresIn - age, environment)
  return token && { kind, token, isLogin: isLogin === true }
}
