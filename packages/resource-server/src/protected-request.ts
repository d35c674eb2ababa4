/**
 * Owns what a protection leaves on a request for the checks that come after it, in frameworks whose middleware passes on one
 * object: which protection let it through, and with what.
 */
import type { AccessError } from './access-error.ts'
import type { Auth } from './auth.ts'
import type { Protection } from './protection.ts'
import type { RequirementCheck } from './requirements.ts'

/** What a protection leaves on a request. */
export interface Passage {
  readonly protection: Protection<unknown>
  /** Undefined for a request without an access token that was let through (`optional`). */
  readonly auth: Auth<unknown> | undefined
  /** Whether a refusal is for the application's own error handling. */
  readonly isThrown: boolean
}

const PASSAGE: unique symbol = Symbol('countersign.passage')

/** Leaves on a request what let it through. */
export function setPassage(request: object, passage: Passage): void {
  ;(request as { [PASSAGE]?: Passage })[PASSAGE] = passage
}

/** Gets what let a request through. @throws TypeError if no protection did */
export function getPassage(request: object): Passage {
  const passage = (request as { [PASSAGE]?: Passage })[PASSAGE]
  if (passage === undefined)
    throw new TypeError('put protect({ … }) in front of this route: nothing has checked the request.')
  return passage
}

/** Checks what a route asks of a request that was let through; finds the refusal. @throws TypeError if no protection did */
export function checkPassage(request: object, isMet: RequirementCheck): { error?: AccessError; isThrown: boolean } {
  const { protection, auth, isThrown } = getPassage(request)
  const error = protection.check(auth, isMet)
  return error === undefined ? { isThrown } : { error, isThrown }
}
