/** Renews the token before it runs out, in tabs that are looked at; and looks again at whatever may have changed while the page did not run. */
import { remainingLifetime } from './access-token.ts'
import type { Environment } from './environment.ts'
import type { Refresher } from './refresher.ts'
import type { SessionHolder } from './session.ts'
import type { Siblings } from './siblings.ts'

export interface Renewal {
  /** Sets the timer by the token that is held now. */
  plan(): void
  close(): void
}

/** Starts to look after a token. */
export function createRenewal(
  environment: Environment,
  session: SessionHolder,
  refresher: Refresher,
  siblings: Siblings,
): Renewal {
  const { page } = environment
  let timer: unknown

  function plan(): void {
    environment.clearTimeout(timer)
    const { token } = session
    if (token === undefined) return
    const due = remainingLifetime(token, environment) - token.renewBelow
    timer = environment.setTimeout(check, Math.max(0, due) * 1000)
    // In Node a token that may be renewed some time is no reason to stay.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
  }

  function check(): void {
    const { token } = session
    if (token === undefined || page?.hidden) return
    if (remainingLifetime(token, environment) > token.renewBelow) plan()
    else refresher.refresh().catch(() => {})
  }

  const stopListening = page?.listen((event) => {
    if (event === 'left') return siblings.leave()
    siblings.join()
    refresher.wake()
    if (event === 'restored') refresher.verify()
    else check()
  })

  return {
    plan,
    close() {
      environment.clearTimeout(timer)
      stopListening?.()
    },
  }
}
