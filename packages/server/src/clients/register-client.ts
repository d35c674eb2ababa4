/** Adds a client to the registry (RFC 6749 §2). */
import { isScopeToken } from '../oauth/scope.ts'
import type { Act } from '../store/revocation-store.ts'
import type { Store } from '../store/store.ts'
import { hashClientSecret, makeClientSecret } from './client-secret.ts'

/** What is known of a new client. */
export interface ClientRegistration {
  /** Its `client_id`. @default made at random */
  readonly id?: string | undefined
  /** A name for people. */
  readonly name: string
  /** The scopes that it may ask for; revocations:read opens the revocation feed, tokens:introspect the introspection. */
  readonly scope: readonly string[]
}

/** A client and its secret, which is shown this once. */
export interface RegisteredClient {
  readonly clientId: string
  readonly clientSecret: string
}

const CLIENT_ID = /^[A-Za-z0-9._~-]{1,128}$/

/**
 * Registers a client.
 *
 * @returns its credentials, or nothing if the id is taken
 * @throws TypeError for an id, name or scope that cannot be one
 */
export async function registerClient(
  store: Pick<Store, 'createClient'>,
  { id, name, scope }: ClientRegistration,
  act: Act,
  random: (length: number) => Uint8Array,
): Promise<RegisteredClient | undefined> {
  const clientId = id ?? `client_${Buffer.from(random(12)).toString('base64url')}`
  // The ids of users and of the first party must not be mistaken for one (RFC 9700 §4.15).
  const isReserved = clientId === 'first-party' || clientId.startsWith('usr_')
  if (!CLIENT_ID.test(clientId) || isReserved)
    throw new TypeError('id: give letters, digits and . _ ~ -, and not usr_… or first-party.')
  if (name.trim() === '' || name.length > 200) throw new TypeError('name: give a name of 1 to 200 characters.')
  if (!scope.every(isScopeToken))
    throw new TypeError('scope: give scopes without spaces, quotes or backslashes (RFC 6749 §3.3).')
  const clientSecret = makeClientSecret(random)
  const { outcome } = await store.createClient(
    { id: clientId, name, scope, secretHash: hashClientSecret(clientSecret) },
    act,
  )
  return outcome === 'created' ? { clientId, clientSecret } : undefined
}
