/** The client in React. */
import { useSyncExternalStore } from 'react'
import type { Client } from '../create-client.ts'
import type { Session } from '../session.ts'

const unknown: Session = { status: 'unknown' }

/**
 * Gives who is signed in, and renders again when that changes. On the server, and until the authorization server has answered, that is
 * `unknown`: show neither the page nor the sign-in form.
 * @example
 * const session = useSession(auth)
 * if (session.status === 'unknown') return null
 * return session.status === 'signed-out' ? <SignIn /> : <Orders userId={session.userId} />
 */
export function useSession(client: Pick<Client, 'onChange' | 'session'>): Session {
  return useSyncExternalStore(
    client.onChange,
    () => client.session,
    () => unknown,
  )
}
