/**
 * What the log says of acts that begin or end trust: each is told when it is committed, by what the store answered, so that an act that
 * changed nothing has no line, and none is forgotten. An operator's reason is in the audit table alone: it may name people.
 */
import { type Log, withoutSecrets } from '../log.ts'
import { type Act, subjectOf } from '../store/revocation-store.ts'
import type { Store } from '../store/store.ts'

type Call = (...values: never[]) => Promise<unknown>
type Line = { readonly event: string } & Readonly<Record<string, string | undefined>>

/** For a call of the store, what is told of its values and its answer. */
type Lines = {
  readonly [Name in keyof Store as Store[Name] extends Call ? Name : never]?: (
    values: Parameters<Extract<Store[Name], Call>>,
    answer: Awaited<ReturnType<Extract<Store[Name], Call>>>,
  ) => Line | readonly Line[] | undefined
}

const lines: Lines = {
  createAccount: ([{ id }, act], { outcome }) =>
    outcome === 'created' ? { event: 'account.created', sub: id, actor: act?.actor } : undefined,
  updateAccount: ([sub, , act], { outcome }) =>
    outcome === 'updated' ? { event: 'account.updated', sub, actor: act?.actor } : undefined,
  replacePassword: ([{ userId, keepSid }, act], { outcome }) =>
    outcome === 'replaced' ? { event: 'password.changed', sub: userId, sid: keepSid, actor: act?.actor } : undefined,
  deleteAccount: ([sub], { outcome }) => (outcome === 'deleted' ? { event: 'account.deleted', sub } : undefined),
  openSession: (_, opening) => {
    if (opening.outcome !== 'opened') return undefined
    const { sid, userId: sub, mode } = opening.session
    const ended = opening.ended.map((one) => ({ event: 'session.ended', sid: one, sub, reason: 'too_many_sessions' }))
    return [...ended, { event: 'session.opened', sid, sub, mode }]
  },
  revokeSession: ([, reason], ended) =>
    ended.outcome === 'revoked' ? { event: 'session.ended', sid: ended.sid, sub: ended.userId, reason } : undefined,
  revokeSessions: ([sub, reason, kept], { outcome }) =>
    outcome === 'revoked' ? { event: 'sessions.ended', sub, reason, kept } : undefined,
  revokeOtherSessions: ([sub, kept, reason], { outcome }) =>
    outcome === 'revoked' ? { event: 'sessions.ended', sub, reason, kept } : undefined,
  suspendUser: ([id, act], { outcome }) => (outcome === 'suspended' ? ordered('user.suspend', id, act) : undefined),
  restoreUser: ([id, act], { outcome }) => (outcome === 'restored' ? ordered('user.restore', id, act) : undefined),
  revoke: ([target, act], { outcome }) => {
    if (outcome !== 'revoked') return undefined
    const subject = subjectOf(target)
    // Nobody but an operator revokes anything else.
    return act === undefined ? { event: 'token.revoked', subject } : ordered(`revoke.${target.kind}`, subject, act)
  },
}

/** By its name in the audit table. Somebody may have given a whole token where its id was asked for. */
function ordered(event: string, subject: string, { actor }: Act): Line {
  return { event, subject: withoutSecrets(subject), actor }
}

/** Writes the line of what a call of the store has done, if it is an act. */
export function logAct(log: Log, call: string, values: readonly unknown[], answer: unknown): void {
  const describe = lines[call as keyof Lines] as
    | ((...told: unknown[]) => Line | readonly Line[] | undefined)
    | undefined
  for (const line of [describe?.(values, answer) ?? []].flat()) log.info(line, 'committed')
}
