/** Owns the protection of handlers from Request to Response, for every framework that has those. */
import type { Auth } from './auth.ts'
import type { Protection } from './protection.ts'
import { FetchRequestView } from './request-view.ts'
import { createRequirementCheck, type Requirements } from './requirements.ts'

/** Protects handlers, each with requirements of its own: they are called with what is known about the request. */
export type FetchGuard<Known> = <Rest extends unknown[]>(
  handler: (request: Request, auth: Known, ...rest: Rest) => Response | Promise<Response>,
  requirements?: Requirements,
) => (request: Request, ...rest: Rest) => Promise<Response>

/** Creates a guard that answers refusals, or throws them. */
export function createFetchGuard<Claims>(protection: Protection<Claims>, isThrown: boolean): FetchGuard<Auth<Claims>> {
  return (handler, requirements) => {
    const isMet = requirements && createRequirementCheck(requirements)
    return async (request, ...more) => {
      const decision = await protection.decide(new FetchRequestView(request), isMet)
      if (decision.outcome === 'accepted') return handler(request, decision.auth, ...more)
      // The types say so only where the token is optional: see the overloads of `protect`.
      if (decision.outcome === 'anonymous') return handler(request, undefined as unknown as Auth<Claims>, ...more)
      if (isThrown) throw decision.error
      return decision.error.getResponse()
    }
  }
}
