/**
 * The revocation feed over HTTP: a snapshot, a stream of events, and a long poll for those who cannot read a stream. For clients with the
 * scope revocations:read; what is in it names sessions and users, and nothing opens with it. docs/revocation-feed.md is for readers.
 */
import {
  parseRevocationCursor,
  type RevocationChanges,
  type RevocationCursor,
  type RevocationEntry,
} from '@countersign/token/revocations'
import { bearerToken, refusedToken } from '../http/authorization.ts'
import type { Endpoint, RequestContext } from '../http/endpoint.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parts } from '../parts.ts'
import { createEventStream, type EventStream } from '../revocation/event-stream.ts'
import type { FeedReader } from '../revocation/feed.ts'
import { createSnapshots } from '../revocation/snapshot.ts'
import type { VerifiedAccessToken } from '../tokens/access-token.ts'
import { verifyOwn } from '../tokens/own-verifier.ts'

const LONGEST_WAIT = 25
const MAX_CHANGES = 5000

/** GET /revocations/snapshot: everything that is revoked at this moment. */
export function snapshot(parts: Parts): Endpoint {
  const snapshots = createSnapshots(parts)
  return {
    summary: 'Everything that is revoked',
    description: 'JSON, or signed as a JWT (typ revocations+jwt) with Accept: application/jwt.',
    authorization: 'access-token',
    answers: { 200: { description: 'A snapshot; its ETag is the place in the feed.' } },
    refusals: ['invalid_token', 'insufficient_scope', 'temporarily_unavailable'],
    async handle(c) {
      await authenticateReader(parts, c)
      const built = await snapshots.get()
      const headers = { etag: built.etag, 'cache-control': 'no-store', vary: 'Accept, Accept-Encoding' }
      if (c.req.header('if-none-match') === built.etag) return c.body(null, 304, headers)
      if (/\bapplication\/jwt\b/.test(c.req.header('accept') ?? '')) {
        // Another process may have revoked the key with which this one has signed.
        const signed = await (await parts.latestAccessTokens()).signSnapshot(built.parse())
        return c.body(signed, 200, { ...headers, 'content-type': 'application/jwt' })
      }
      const isZipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
      const body = isZipped ? await built.zipped() : built.json
      return c.body(body, 200, {
        ...headers,
        'content-type': 'application/json',
        ...(isZipped && { 'content-encoding': 'gzip' }),
      })
    },
  }
}

/** GET /revocations/stream: server-sent events, from the place that Last-Event-ID names. */
export function stream(parts: Parts): Endpoint {
  return {
    summary: 'What is being revoked, as it happens',
    description: 'Server-sent events: rev, hb, reset, keys. Begin with the ETag of a snapshot as Last-Event-ID.',
    authorization: 'access-token',
    answers: { 200: { description: 'text/event-stream.' } },
    refusals: ['invalid_token', 'insufficient_scope', 'temporarily_unavailable'],
    async handle(c) {
      const token = await authenticateReader(parts, c)
      let isOver = false
      let leave: () => void = () => {}
      const events = createEventStream(() => {
        isOver = true
        leave()
      })
      const place = readPlace(c.req.header('last-event-id'))
      const followed = place === undefined ? 'reset' : await parts.feed.follow(place, endWithToken(token, events))
      if (followed === 'reset') events.end(place === undefined ? 'gap' : 'epoch')
      else if (isOver) followed()
      else leave = followed
      return c.body(events.body, 200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      })
    },
  }
}

/** A stream is read with a token, and so for no longer than that is good. */
function endWithToken(token: VerifiedAccessToken, events: EventStream): FeedReader {
  const { reader, end } = events
  return {
    ...reader,
    revoked(entries, ...place) {
      reader.revoked(entries, ...place)
      if (!entries.some((entry) => isRevokedBy(token, entry))) return
      // It would be told next, and whoever comes back is not told again.
      if (entries.some(([kind]) => kind === 'k')) reader.keysChanged()
      end()
    },
    heartbeat(seq, now) {
      reader.heartbeat(seq, now)
      if (now >= token.exp) end()
    },
  }
}

/** Tells whether an entry revokes a token: mostly a client's, but a role may give users the scope as well. */
function isRevokedBy(
  { sid, sub, jti, kid, clientId, iat }: VerifiedAccessToken,
  [kind, value, notBefore]: RevocationEntry,
): boolean {
  if (kind === 's') return value === sid
  if (kind === 'j') return value === jti
  if (kind === 'k') return value === kid
  const isNamed = kind === 'g' || (kind === 'u' && value === sub) || (kind === 'c' && value === clientId)
  return isNamed && iat < notBefore
}

/** GET /revocations/changes?after=epoch:seq&wait=25: what came after a place, waiting for it if there is nothing yet. */
export function changes(parts: Parts): Endpoint {
  return {
    summary: 'What was revoked after a place in the feed',
    authorization: 'access-token',
    answers: { 200: { description: 'Entries and the place after them, or {"reset": …}.' } },
    refusals: ['invalid_token', 'insufficient_scope', 'temporarily_unavailable'],
    async handle(c) {
      await authenticateReader(parts, c)
      const place = readPlace(c.req.query('after'))
      const wait = Math.min(LONGEST_WAIT, Math.max(0, Number(c.req.query('wait') ?? 0) || 0))
      if (place === undefined) return c.json({ reset: 'gap' } satisfies RevocationChanges)
      return c.json(await readChanges(parts, place, wait, c.req.raw.signal))
    },
  }
}

/** An entity tag is the same place, with quotes around it. */
function readPlace(id: string | undefined): RevocationCursor | undefined {
  return id === undefined ? undefined : parseRevocationCursor(id.replace(/^"(.*)"$/, '$1'))
}

async function readChanges(
  { store, feed }: Parts,
  place: RevocationCursor,
  wait: number,
  signal: AbortSignal,
): Promise<RevocationChanges> {
  const first = await feed.head()
  if (first.epoch !== place.epoch || place.seq > first.seq) return { reset: 'epoch' }
  if (first.seq === place.seq && wait > 0) await waitForNews(feed, place, wait, signal)
  const head = await feed.head()
  if (head.epoch !== place.epoch) return { reset: 'epoch' }
  const found = (await store.readRevocations(place.seq, MAX_CHANGES)).filter(({ seq }) => seq <= head.seq)
  const more = found.length === MAX_CHANGES
  const seq = more ? (found.at(-1)?.seq ?? head.seq) : head.seq
  return { epoch: head.epoch, p: place.seq, seq, now: head.tickAt / 1000, e: found.map(({ entry }) => entry), more }
}

function waitForNews(feed: Parts['feed'], place: RevocationCursor, wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let isDone = false
    let leave: () => void = () => {}
    const timer = setTimeout(done, wait * 1000)
    function done(): void {
      isDone = true
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      leave()
      resolve()
    }
    signal.addEventListener('abort', done)
    const reader = { revoked: done, heartbeat: () => {}, keysChanged: () => {}, reset: done, end: done }
    feed.follow(place, reader).then((followed) => {
      if (followed === 'reset') done()
      else if (isDone) followed()
      else leave = followed
    }, reject)
  })
}

/** @throws OAuthError `invalid_token`, `insufficient_scope` */
async function authenticateReader(parts: Parts, c: RequestContext): Promise<VerifiedAccessToken> {
  const { store, settings } = parts
  const token = bearerToken(c.req)
  if (token === undefined) throw new OAuthError('invalid_token', { reason: 'no access token was sent' })
  const verified = await verifyOwn(parts, token)
  if ('refusal' in verified) throw refusedToken(verified.refusal, verified.isForged)
  if (!verified.audience.includes(settings.issuer)) throw refusedToken('the token is for another audience')
  if (await store.isRevoked(verified)) throw refusedToken('it is revoked')
  if (!verified.scope.includes('revocations:read'))
    throw new OAuthError('insufficient_scope', { reason: 'the token lacks revocations:read' })
  return verified
}
