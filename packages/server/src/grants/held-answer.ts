/**
 * An answer that is held until its token's `iat`, which a not-before has put at the end of this second. What is revoked meanwhile has that
 * same not-before, so that no entry of a user, client or everything would refuse the token: whether it may still be given is asked anew.
 */
import type { MintingMoment, Session, Store } from '../store/store.ts'

/** When a token was made, and before which moment it may not be dated; epoch milliseconds of the store's clock. */
type Made = Omit<MintingMoment, 'keysVersion'>

/** Tells whether an answer is held, rather than given at once. */
export function isHeld({ now, notBefore }: Made): boolean {
  return notBefore > now
}

/** Tells whether the session of an answer was ended while that was held. */
export async function endedWhileHeld(
  store: Pick<Store, 'findLiveSession'>,
  { sid }: Session,
  made: Made,
): Promise<boolean> {
  return isHeld(made) && (await store.findLiveSession(sid)) === undefined
}
