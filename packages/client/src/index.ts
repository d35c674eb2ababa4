/** @countersign/client: signs in from browsers, mobile apps and Node, and keeps sessions (RFC 6750, RFC 9700, RFC 10017). */
export type { Credentials, RegisteredUser, Registration } from './auth-server.ts'
export type { AuthorizedFetch } from './authorized-fetch.ts'
export { ClientError, type ClientErrorCode, type RefusedMember } from './client-error.ts'
export { type AccessTokenOptions, type Client, createClient } from './create-client.ts'
export type { Channel, Environment, Locks, Page, PageEvent } from './environment.ts'
export type { ClientOptions } from './options.ts'
export type { RefreshTokenStorage } from './refresh-token-record.ts'
export type { Session } from './session.ts'
