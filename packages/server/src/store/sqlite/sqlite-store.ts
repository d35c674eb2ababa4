/**
 * The embedded store: node:sqlite in WAL mode with synchronous=FULL, so that what was acknowledged is on the disk.
 *
 * Every transition runs from BEGIN IMMEDIATE to COMMIT without awaiting anything; SQLite allows one writer, and the
 * methods are asynchronous only because the interface is. Time is the `now` that was passed in, read after the lock.
 * Another process may use the same file; a writer waits for it at most `busyTimeout`, then the call fails and the caller
 * answers 503. A full disk or a read error rolls back and fails in the same way: nothing acknowledged is lost.
 *
 * If the clock is set back, rows lie in the future: a session then holds its token until time has caught up, and nobody is
 * signed out. If it is set forward, sessions age by as much as the clock says.
 */
import { DatabaseSync } from 'node:sqlite'
import { firstGeneration, type Move, move } from '../../sessions/rotation.ts'
import {
  type Account,
  type AccountCredentials,
  type NewAccount,
  type NewSession,
  type Opening,
  type Presentation,
  type RevocationReason,
  type Rotation,
  type SealedKey,
  type SealedPepper,
  type Session,
  type Store,
  StoreUnavailableError,
} from '../store.ts'
import { assertUsable, migrate } from './migrations.ts'
import { type Row, toAccount, toCredentials, toRotationState, toSealedKey, toSealedPepper, toSession } from './rows.ts'
import { prepareStatements, type Statements } from './statements.ts'

export interface SqliteStoreOptions {
  /** Path of the database file, made when missing; its folder must exist. `:memory:` keeps everything in memory. */
  readonly path: string
  /** The clock, epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** How long a transition waits for another process's, milliseconds. @default 2000 */
  readonly busyTimeout?: number
}

/**
 * Opens the embedded store and brings its schema up to date.
 * @throws UnusableDatabaseError when the file is another program's or a newer version's; it is then left as it was.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  return new SqliteStore(options)
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #clock: () => number

  constructor({ path, now = Date.now, busyTimeout = 2000 }: SqliteStoreOptions) {
    this.#clock = now
    assertUsable(path)
    this.#database = new DatabaseSync(path, { timeout: busyTimeout, enableForeignKeyConstraints: true })
    try {
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      migrate(this.#database)
      this.#sql = prepareStatements(this.#database)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  async now(): Promise<number> {
    this.#database.prepare('SELECT 1').get()
    return this.#clock()
  }

  estimateNow(): number {
    return this.#clock()
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  async createAccount({ id, email, passwordHash }: NewAccount): Promise<{ outcome: 'created'; account: Account } | { outcome: 'taken' }> {
    return this.#transaction((now) => {
      const taken = this.#sql.findAccountByEmail.get(email) !== undefined
      if (taken) {
        this.#sql.noteRegistration.run({ email, now })
        return { outcome: 'taken' }
      }
      this.#sql.insertUser.run({ id, now })
      this.#sql.insertAccount.run({ id, email, passwordHash, now })
      return { outcome: 'created', account: { id, email, emailVerified: false, roles: [], claims: {}, createdAt: now } }
    })
  }

  async findCredentials(email: string): Promise<AccountCredentials | undefined> {
    return optional(this.#sql.findAccountByEmail.get(email), toCredentials)
  }

  async findCredentialsById(userId: string): Promise<AccountCredentials | undefined> {
    return optional(this.#sql.findAccount.get(userId), toCredentials)
  }

  async findAccount(userId: string): Promise<Account | undefined> {
    return optional(this.#sql.findAccount.get(userId), toAccount)
  }

  async updateAccount(
    id: string,
    change: { readonly roles?: readonly string[]; readonly claims?: Readonly<Record<string, unknown>> },
  ): Promise<{ outcome: 'updated' | 'unknown' }> {
    const roles = change.roles ? JSON.stringify(change.roles) : null
    const claims = change.claims ? JSON.stringify(change.claims) : null
    const { changes } = this.#transaction(() => this.#sql.updateAccount.run({ id, roles, claims }))
    return { outcome: changes === 1 ? 'updated' : 'unknown' }
  }

  async replacePassword({ keepSid, ...change }: Parameters<Store['replacePassword']>[0]): ReturnType<Store['replacePassword']> {
    return this.#transaction((now) => {
      if (this.#sql.replacePassword.run(change).changes === 0) return { outcome: 'credentials_changed' }
      this.#revokeAll(change.userId, 'password_change', keepSid, now)
      return { outcome: 'replaced' }
    })
  }

  async deleteAccount(userId: string, fromVersion: number): Promise<{ outcome: 'deleted' | 'credentials_changed' }> {
    return this.#transaction((now) => {
      if (this.#sql.deleteAccount.run({ userId, fromVersion }).changes === 0) return { outcome: 'credentials_changed' }
      this.#sql.deleteSessions.run(userId)
      this.#sql.markUserDeleted.run({ id: userId, now })
      this.#sql.raiseNotBefore.run({ id: userId, notBefore: notBeforeOf(now) })
      return { outcome: 'deleted' }
    })
  }

  async openSession(session: NewSession): Promise<Opening> {
    return this.#transaction((now) => {
      this.#sql.deleteExpiredSessions.run({ now })
      if (session.passwordVersion === undefined) this.#sql.insertUser.run({ id: session.userId, now })
      const user = this.#sql.findUser.get(session.userId)
      if (user === undefined || user.deleted_at !== null) return { outcome: 'credentials_changed' }
      if (session.passwordVersion !== undefined) {
        const account = this.#sql.findAccount.get(session.userId)
        if (account?.password_version !== session.passwordVersion) return { outcome: 'credentials_changed' }
      }
      const notBefore = Number(user.not_before_at)
      return { outcome: 'opened', session: this.#insertSession(session, notBefore, now), now, notBefore }
    })
  }

  #insertSession(session: NewSession, notBefore: number, now: number): Session {
    const { ridHash, pepperId, idleLifetime, absoluteLifetime, passwordVersion: _, ...named } = session
    const absoluteExpiresAt = now + absoluteLifetime
    const times = {
      authenticatedAt: Math.max(now, notBefore),
      idleExpiresAt: Math.min(now + idleLifetime, absoluteExpiresAt),
      absoluteExpiresAt,
    }
    const { confirmed, ...state } = firstGeneration(now)
    const amr = session.amr.join(' ')
    this.#sql.insertSession.run({ ...named, ...times, ...state, confirmed: Number(confirmed), amr, ridHash, pepperId, now })
    return { ...named, ...times, createdAt: now, lastSeenAt: now }
  }

  async rotate(presentation: Presentation): Promise<Rotation> {
    return this.#transaction((now) => {
      const row = this.#sql.findSessionByRid.get(presentation.ridHash)
      if (now > presentation.deadline) return { outcome: 'late' }
      if (row === undefined || row.client_id !== presentation.clientId || row.mode !== presentation.mode) return { outcome: 'unknown' }
      const session = toSession(row)
      const why = whyOver(row, now)
      if (why !== undefined) return { outcome: 'over', sid: session.sid, why }

      const moved = move(toRotationState(row), presentation, now, presentation.limits)
      return 'state' in moved
        ? this.#serve(row, moved, presentation, now)
        : this.#refuse(moved.outcome, session, now)
    })
  }

  #serve(row: Row, moved: Extract<Move, { state: unknown }>, presentation: Presentation, now: number): Rotation {
    const session = toSession(row)
    const slides = moved.outcome === 'rotated' || moved.outcome === 'reissued'
    const slidTo = Math.min(now + presentation.idleLifetime, session.absoluteExpiresAt)
    const idleExpiresAt = slides ? slidTo : session.idleExpiresAt
    const pepperId = moved.outcome === 'rotated' ? presentation.pepperId : Number(row.pepper_id)
    const { confirmed, ...state } = moved.state
    this.#sql.moveSession.run({ sid: session.sid, ...state, confirmed: Number(confirmed), pepperId, idleExpiresAt, now })
    return {
      ...moved,
      session: { ...session, idleExpiresAt, lastSeenAt: now },
      pepperId,
      now,
      notBefore: Number(row.not_before_at),
    }
  }

  #refuse(outcome: 'reused' | 'ahead', { sid, userId }: Session, now: number): Rotation {
    if (outcome === 'reused') this.#sql.revokeSession.run({ sid, now, reason: 'refresh_token_reuse' satisfies RevocationReason })
    return { outcome, sid, userId }
  }

  async findLiveSession(sid: string): Promise<Session | undefined> {
    return optional(this.#sql.findLiveSession.get({ sid, now: this.#clock() }), toSession)
  }

  async listLiveSessions(userId: string): Promise<readonly Session[]> {
    return this.#sql.listLiveSessions.all({ userId, now: this.#clock() }).map(toSession)
  }

  async revokeSession(
    session: { readonly sid: string; readonly userId: string } | { readonly ridHash: Uint8Array },
    reason: RevocationReason,
  ): Promise<{ outcome: 'revoked' | 'over' | 'unknown' }> {
    return this.#transaction((now) => {
      const row =
        'sid' in session
          ? this.#sql.findSessionBySid.get(session.sid, session.userId)
          : this.#sql.findSessionByRid.get(session.ridHash)
      if (row === undefined) return { outcome: 'unknown' }
      const { changes } = this.#sql.revokeSession.run({ sid: String(row.sid), now, reason })
      return { outcome: changes === 1 ? 'revoked' : 'over' }
    })
  }

  async revokeSessions(userId: string, reason: RevocationReason, keepSid = ''): Promise<void> {
    this.#transaction((now) => this.#revokeAll(userId, reason, keepSid, now))
  }

  /** Raises the not-before even when every session row has expired: access tokens of other makers judge by it alone. */
  #revokeAll(userId: string, reason: RevocationReason, keepSid: string, now: number): void {
    const notBefore = notBeforeOf(now)
    this.#sql.raiseNotBefore.run({ id: userId, notBefore })
    this.#sql.revokeSessions.run({ userId, keepSid, reason, now })
    this.#sql.reauthenticate.run({ sid: keepSid, userId, notBefore })
  }

  async listSigningKeys(): Promise<readonly SealedKey[]> {
    return this.#sql.listSigningKeys.all().map(toSealedKey)
  }

  async addSigningKey(key: SealedKey): Promise<SealedKey> {
    return this.#transaction(() => {
      this.#sql.insertSigningKey.run({ ...key })
      return toSealedKey(this.#sql.findSigningKey.get(key.alg) as Row)
    })
  }

  async listPeppers(): Promise<readonly SealedPepper[]> {
    return this.#sql.listPeppers.all().map(toSealedPepper)
  }

  async addPepper(pepper: SealedPepper): Promise<SealedPepper> {
    return this.#transaction(() => {
      this.#sql.insertPepper.run({ ...pepper })
      return toSealedPepper(this.#sql.findPepper.get(pepper.id) as Row)
    })
  }

  /** Runs one transition under the write lock, with the time that holds once the lock is held. */
  #transaction<Result>(transition: (now: number) => Result): Result {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = transition(this.#clock())
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw unavailable(error) ?? error
    }
  }
}

/** SQLITE_BUSY, _LOCKED, _NOMEM, _READONLY, _IOERR, _FULL, _CANTOPEN: the machine's trouble, not the caller's. */
const machineErrors = new Set([5, 6, 7, 8, 10, 13, 14])

function unavailable(error: unknown): StoreUnavailableError | undefined {
  if (!(error instanceof Error && 'errcode' in error)) return undefined
  const primaryCode = Number(error.errcode) % 256
  return machineErrors.has(primaryCode) ? new StoreUnavailableError(`SQLite: ${error.message}`, { cause: error }) : undefined
}

/** The first whole second after now: tokens minted up to now are older, those of a new login are not (protocol: iat < nbf). */
function notBeforeOf(now: number): number {
  return (Math.floor(now / 1000) + 1) * 1000
}

function whyOver(row: Row, now: number): string | undefined {
  if (row.revoked_at !== null) return `revoked: ${row.revoke_reason}`
  if (Number(row.idle_expires_at) <= now) return 'idle lifetime over'
  if (Number(row.absolute_expires_at) <= now) return 'absolute lifetime over'
  if (Number(row.authenticated_at) < Number(row.not_before_at)) return "authenticated before the user's not-before"
  return undefined
}

function optional<Result>(row: Row | undefined, read: (row: Row) => Result): Result | undefined {
  return row && read(row)
}
