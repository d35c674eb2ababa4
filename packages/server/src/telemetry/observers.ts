/** Who watches the server work: the log always; metrics and spans where somebody wants them, and nothing in their stead otherwise. */
import { pino } from 'pino'
import { createPasswordHasher, type PasswordHasher } from '../accounts/password-hasher.ts'
import type { AuthorizationServerOptions } from '../options.ts'
import type { Parts } from '../parts.ts'
import { silentMeter } from './meter.ts'
import { observeHasher } from './observed-hasher.ts'
import { observeStore } from './observed-store.ts'
import { createRequestLog } from './request-log.ts'
import { findTracer } from './tracer.ts'
import { version } from './version.ts'

/** The parts through which the work of a server is seen. */
export type Observers = Pick<Parts, 'store' | 'log' | 'meter' | 'tracer'>

/** Puts observers around the store and the log. */
export function createObservers(options: AuthorizationServerOptions): Observers {
  const { issuer, store, metrics, log: given = pino({ level: 'info' }) } = options
  const meter = metrics?.meter ?? silentMeter
  const log = createRequestLog(given, meter)
  const tracer = findTracer(issuer, version, log)
  return { store: observeStore(store, { log, meter, tracer }), log, meter, tracer }
}

/** Makes the password hasher, watched alike. */
export function createObservedHasher(
  { passwordHashing }: AuthorizationServerOptions,
  { meter, tracer }: Observers,
): PasswordHasher {
  return observeHasher(createPasswordHasher(passwordHashing), meter, tracer)
}
