/**
 * What the server counts and times. Every label is a word of a closed set that is written in this code: nothing that a client sends
 * makes another series, and no label names a person, session, token or address.
 */
import { errorCodes } from '../oauth/oauth-error.ts'

/** What is counted, each with the name of its label and the words that this may be; those that are known beforehand begin at 0. */
export const counted = {
  signIns: {
    name: 'countersign_sign_ins_total',
    help: 'Sign-ins with a password, by their outcome: signed_in, or the code of the refusal.',
    label: 'outcome',
    words: ['signed_in', 'invalid_credentials', 'too_many_requests', 'temporarily_unavailable', 'server_error'],
  },
  refreshes: {
    name: 'countersign_refreshes_total',
    help: 'Presented refresh tokens, by what became of them; reused is theft, and not_ours never reached the store.',
    label: 'outcome',
    words: [
      ...(['rotated', 'held', 'healed', 'repeated', 'reissued', 'reused', 'ahead', 'over', 'late', 'unknown'] as const),
      ...(['other_audience', 'clock_behind', 'too_many_requests', 'not_ours'] as const),
    ],
  },
  tokensIssued: {
    name: 'countersign_tokens_issued_total',
    help: 'Access tokens that were issued, by grant.',
    label: 'grant',
    words: ['password', 'refresh_token', 'client_credentials'],
  },
  sessionsOpened: {
    name: 'countersign_sessions_opened_total',
    help: 'Sessions that were opened, by mode.',
    label: 'mode',
    words: ['bearer', 'cookie', 'access_cookie', 'session_cookie', 'session_bearer'],
  },
  revocations: {
    name: 'countersign_revocations_total',
    help: 'Acts of this server that ended trust, by what they ended or why; the command line writes to the database itself.',
    label: 'kind',
    words: [
      ...(['session', 'sessions_of_user', 'other_sessions', 'token', 'user', 'client', 'key', 'all'] as const),
      ...(['suspension', 'password_change', 'account_deletion', 'refresh_token_reuse', 'too_many_sessions'] as const),
    ],
  },
  refusals: {
    name: 'countersign_refusals_total',
    help: 'Refused requests, by the code of the refusal.',
    label: 'code',
    words: errorCodes,
  },
  alerts: {
    name: 'countersign_alerts_total',
    help: 'Lines of the log that somebody has to look at, by event.',
    label: 'event',
    words: [
      ...(['refresh.reuse', 'refresh.ahead', 'clock.behind', 'keys.upkeep', 'keys.unreadable'] as const),
      ...(['revocations.epoch', 'revocations.stalled', 'sessions.not_ended'] as const),
    ],
  },
} as const

/** Something that is counted. */
export type Counted = keyof typeof counted

/** Counters whose words are not all known here: codes and events that other parts of this code name. */
interface OpenWords {
  readonly signIns: string
  readonly alerts: string
}

/** The words of a counter's label. */
export type WordOf<Name extends Counted> = Name extends keyof OpenWords
  ? OpenWords[Name]
  : (typeof counted)[Name]['words'][number]

/** A request that has been answered. */
export interface AnsweredRequest {
  /** An HTTP method that is known, or `_OTHER`. */
  readonly method: string
  /** The path of the row in server.ts, or `unknown`. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/** Is told what happens. */
export interface Meter {
  count<Name extends Counted>(name: Name, word: WordOf<Name>): void
  requestBegan(): void
  requestEnded(request: AnsweredRequest): void
  /** A call of the store has ended. */
  storeCalled(call: string, seconds: number, failed: boolean): void
  /** A password was hashed or verified, the wait for its turn included. */
  passwordHashed(seconds: number): void
}

/** Where nobody asks for metrics. */
export const silentMeter: Meter = {
  count: () => {},
  requestBegan: () => {},
  requestEnded: () => {},
  storeCalled: () => {},
  passwordHashed: () => {},
}
