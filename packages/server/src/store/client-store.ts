/** What the client registry asks of a database (RFC 6749 §2). */
import type { Act } from './revocation-store.ts'

/** A program that gets tokens of its own: a service, a reader of the revocation feed. */
export interface Client {
  readonly id: string
  readonly name: string
  /** The scopes that it may ask for. */
  readonly scope: readonly string[]
  readonly createdAt: number
  readonly disabledAt: number | null
  /** Epoch milliseconds: tokens issued before are refused. */
  readonly notBefore: number
}

export interface NewClient extends Pick<Client, 'id' | 'name' | 'scope'> {
  /** SHA-256 of its secret, which is random and long. */
  readonly secretHash: Uint8Array
}

/** What a client may do at this moment; the store's clock decides. */
export type ClientAdmission =
  | { readonly outcome: 'admitted'; readonly now: number; readonly notBefore: number; readonly keysVersion: number }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'clock_behind' }

export interface ClientStore {
  createClient(client: NewClient, act: Act): Promise<{ outcome: 'created' | 'taken' }>
  findClient(id: string): Promise<(Client & { readonly secretHash: Uint8Array }) | undefined>
  listClients(): Promise<readonly Client[]>
  /** Ends a client: no new tokens, and those that it has are refused. */
  disableClient(id: string, act: Act): Promise<{ outcome: 'disabled' | 'unknown' }>
  /** Asks whether a client may have a token now; a client that is being disabled gets none that outlives that. */
  admitClient(id: string): Promise<ClientAdmission>
}
