/**
 * The life of a signing key, as a function of its times and the store's clock:
 *
 *   pending   published, so that caches hold it before it signs; one always is, for an emergency
 *   active    signs; one at a time
 *   retired   signs nothing, is still published: its tokens live on, and caches may hold a set without its successor
 *   removed   no token that it signed is alive: unpublished, and its private half is forgotten
 *   revoked   refused everywhere from now on (an entry of the feed); if it was active, the pending key is from that moment
 *
 * What is guarded against: servers never ask each other, so nothing here may depend on who looks, or on anything but the clock of the
 * transaction that allowed a token.
 */
import type { KeyTimes } from '../store/key-store.ts'

export type KeyState = 'pending' | 'active' | 'retired' | 'removed' | 'revoked'

/** Tells what a key is at a moment; `retention` is how long it is published after its last token was signed. All in milliseconds. */
export function stateOf({ activateAt, retireAt, revokedAt }: KeyTimes, now: number, retention: number): KeyState {
  if (revokedAt !== null) return 'revoked'
  if (now < activateAt) return 'pending'
  if (retireAt === null || now < retireAt) return 'active'
  return now < retireAt + retention ? 'retired' : 'removed'
}

/**
 * Finds the key that signs at a moment, among keys in the order of their activation that are not revoked. A key that was made, or an
 * emergency that came, between that moment and now signs in its place.
 */
export function signingAt<Key extends KeyTimes>(keys: readonly Key[], now: number): Key | undefined {
  const isOver = ({ retireAt }: KeyTimes) => retireAt !== null && retireAt <= now
  return keys.findLast((key) => key.activateAt <= now && !isOver(key)) ?? keys.find((key) => key.activateAt > now)
}

/** Tells from when on the ring has to be looked at again: the next key signs, so that another has to be made, or one is to be removed. */
export function nextChange(keys: readonly KeyTimes[], now: number, retention: number): number {
  const moments = keys.flatMap(({ activateAt, retireAt }) => [
    activateAt,
    retireAt === null ? Number.POSITIVE_INFINITY : retireAt + retention,
  ])
  return Math.min(...moments.filter((moment) => moment > now))
}
