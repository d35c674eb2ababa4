/**
 * Owns what a protection leaves on a request for the checks that come after it, in frameworks whose middleware passes on one
 * object: which protection let it through, and with what.
 */
import type { AccessTokenClaims, Auth } from './auth.ts'
import type { Protection, Refusal } from './protection.ts'
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

function getPassage(request: object): Passage {
  const passage = (request as { [PASSAGE]?: Passage })[PASSAGE]
  if (passage === undefined)
    throw new TypeError('put protect({ … }) in front of this route: nothing has checked the request.')
  return passage
}

/**
 * Checks what a route asks of a request that was let through, and goes on with the refusal, or with none: at once, unless the issuer has to
 * be asked.
 *
 * @throws TypeError if no protection let it through
 */
export function checkPassage<Result>(
  request: object,
  isMet: RequirementCheck,
  goOn: (error: Refusal, isThrown: boolean) => Result,
): Result | Promise<Result> {
  const { protection, auth, isThrown } = getPassage(request)
  const checked = protection.check(auth, isMet)
  return checked instanceof Promise ? checked.then((error) => goOn(error, isThrown)) : goOn(checked, isThrown)
}

/**
 * Gets what `protect` found, with its type and without a change to the types of the framework.
 *
 * @param request the request of Express, Fastify and Nest, the context of Hono and Koa
 * @throws TypeError if no `protect` came before, or none found a token because it is `optional`
 */
export function getAuth<Claims = AccessTokenClaims>(request: object): Auth<Claims> {
  const auth = findAuth<Claims>(request)
  if (auth === undefined)
    throw new TypeError('getAuth: the request has no access token; ask findAuth where it is optional.')
  return auth
}

/** Finds what `protect` found, or nothing where the token is optional. @throws TypeError if no `protect` came before */
export function findAuth<Claims = AccessTokenClaims>(request: object): Auth<Claims> | undefined {
  return getPassage(request).auth as Auth<Claims> | undefined
}
