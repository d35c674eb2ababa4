/** A store whose calls are timed, counted and traced, and whose acts are logged, as seen from outside: what it does is untouched. */
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { logAct } from './act-log.ts'
import type { Meter, WordOf } from './meter.ts'
import type { Tracer } from './tracer.ts'

interface Observers {
  readonly log: Log
  readonly meter: Meter
  readonly tracer: Tracer | undefined
}

type Call = (...values: unknown[]) => Promise<unknown>

/** What answers at once, or once. */
const unobserved = new Set<string>(['estimateNow', 'connections', 'close'])

/** Puts observers around a store. Each call is looked up when it is made, so that the store stays whose it is. */
export function observeStore(store: Store, { log, meter, tracer }: Observers): Store {
  const plain = store as unknown as Record<string, Call>
  const observed: Record<string, Call> = {}
  for (const name of callsOf(store)) {
    const call: Call = (...values) => Reflect.apply(plain[name] as Call, store, values)
    if (unobserved.has(name)) observed[name] = call
    else
      observed[name] = async (...values) => {
        const began = performance.now()
        let failed = true
        try {
          const answer = await (tracer === undefined
            ? call(...values)
            : tracer.trace(`store ${name}`, () => call(...values)))
          failed = false
          countTransition(meter, name, values, answer)
          logAct(log, name, values, answer)
          return answer
        } finally {
          meter.storeCalled(name, (performance.now() - began) / 1000, failed)
        }
      }
  }
  return observed as unknown as Store
}

/** The names of what can be asked, of a store that is an object of any class too. */
function callsOf(store: object): readonly string[] {
  const names = new Set<string>()
  for (let part = store; part !== Object.prototype && part !== null; part = Object.getPrototypeOf(part)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(part)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name)
  }
  return [...names]
}

/** What transitions end, by their outcome. */
const endings: Readonly<Record<string, readonly [outcome: string, kind: WordOf<'revocations'>]>> = {
  rotate: ['reused', 'refresh_token_reuse'],
  revokeSession: ['revoked', 'session'],
  revokeOtherSessions: ['revoked', 'other_sessions'],
  revokeSessions: ['revoked', 'sessions_of_user'],
  replacePassword: ['replaced', 'password_change'],
  deleteAccount: ['deleted', 'account_deletion'],
  suspendUser: ['suspended', 'suspension'],
}

/** Counts by what the store answers, not by what it was asked: an act that changed nothing is none. */
function countTransition(meter: Meter, call: string, [first]: readonly unknown[], answer: unknown): void {
  const outcome = (answer as { outcome?: string } | undefined)?.outcome
  if (call === 'openSession' && outcome === 'opened') {
    meter.count('sessionsOpened', (first as { mode: WordOf<'sessionsOpened'> }).mode)
    for (const _ of (answer as { ended: readonly string[] }).ended) meter.count('revocations', 'too_many_sessions')
  } else if (call === 'revoke' && outcome === 'revoked') {
    meter.count('revocations', (first as { kind: WordOf<'revocations'> }).kind)
  } else {
    const ending = endings[call]
    if (ending !== undefined && ending[0] === outcome) meter.count('revocations', ending[1])
  }
}
