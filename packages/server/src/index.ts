/** @countersign/server: the authorization server as a Fetch handler (RFC 8414, RFC 9700). */
export type {
  AccountProfile,
  Accounts,
  PasswordChange,
  PasswordChangeOutcome,
} from './accounts/accounts.ts'
export type { PasswordHasherOptions } from './accounts/password-hasher.ts'
export type { RateLimitOptions } from './cache/rate-limit.ts'
export type { RedisOptions } from './cache/redis-connection.ts'
export { type ClientRegistration, type RegisteredClient, registerClient } from './clients/register-client.ts'
export type { SignedIn } from './http/authorization.ts'
export type { Log } from './log.ts'
export { createNodeServer, type NodeHandler, toNodeHandler } from './node.ts'
export type { AccessTokenClaims, AuthorizationServerOptions, Lifetime } from './options.ts'
export { type AuthorizationServer, createAuthorizationServer } from './server.ts'
export {
  findSignedIn,
  getSignedIn,
  type SessionGuard,
  type SessionGuardOptions,
  sessionGuard,
} from './session-guard.ts'
export { type OptionProblem, OptionsError } from './settings/settings.ts'
export type { Client } from './store/client-store.ts'
export type { PostgresStoreOptions } from './store/postgres/database.ts'
export {
  type MigrationOptions,
  type MigrationStatus,
  migratePostgres,
  type OtherMigration,
  readMigrationStatus,
} from './store/postgres/migrations.ts'
export { openPostgresStore } from './store/postgres/postgres-store.ts'
export type { Act, AuditRecord, RevocationTarget } from './store/revocation-store.ts'
export type { SqliteStoreOptions } from './store/sqlite/database.ts'
export { UnusableDatabaseError } from './store/sqlite/migrations.ts'
export { openSqliteStore } from './store/sqlite/sqlite-store.ts'
export { type Session, type Store, StoreUnavailableError } from './store/store.ts'
