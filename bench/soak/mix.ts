// A mixed load at a steady pace, well below what a server can do: each kind of request so many times a second, however long others take.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Installation } from '../fleet/installation.ts'
import { checkSession, introspect, login, logout, openServerSessions, openSessions } from '../fleet/operations.ts'
import { openStreams, type Stream } from '../fleet/streams.ts'
import { at } from '../statistics.ts'

/** Requests in a second. A stream is opened anew with a snapshot and a token of its own, and takes the place of the oldest. */
export const rates = {
  login: 4,
  logout: 4,
  refresh: 60,
  'session check': 60,
  profile: 60,
  introspection: 20,
  'feed reader': 1,
} as const

export type Kind = keyof typeof rates

/** Sessions that live: the oldest is ended for each new one, at the age of 100 s. */
const livingSessions = 400
/** How many of the oldest are left alone, so that none is ended while a request with its tokens is under way. */
const leftAlone = 80
const livingStreams = 20
/** Requests that may be under way; past that the server does not keep the pace. */
const mostUnderWay = 200

export interface Mix {
  /** How long each answer took, milliseconds, by kind. */
  readonly times: Record<Kind, number[]>
  /** Requests that were left out, as too many were under way. */
  skipped: number
  /** Ends the load. @throws what was wrong with the first wrong answer */
  stop(): Promise<void>
}

/** Begins a load. Every answer is looked at. */
export async function startMix(installation: Installation): Promise<Mix> {
  const { actions, close } = await prepare(installation)
  const kinds = Object.keys(rates) as Kind[]
  const mix = { times: Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Mix['times'], skipped: 0 }
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []

  async function perform(kind: Kind, index: number): Promise<void> {
    const started = performance.now()
    try {
      await actions[kind](index)
      mix.times[kind].push(performance.now() - started)
    } catch (error) {
      failures.push(error)
    }
  }

  function begin(kind: Kind, index: number): void {
    if (failures.length > 0) return
    if (underWay.size >= mostUnderWay) {
      mix.skipped += 1
      return
    }
    const request = perform(kind, index)
    underWay.add(request)
    void request.then(() => underWay.delete(request))
  }

  const timers = kinds.map((kind) => pace(rates[kind], (index) => begin(kind, index)))
  return Object.assign(mix, {
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(underWay)
      close()
      if (failures.length > 0) throw failures[0]
    },
  })
}

/** Calls `begin` so many times a second, and again after each delay of this process. */
function pace(rate: number, begin: (index: number) => void): NodeJS.Timeout {
  const started = performance.now()
  let begun = 0
  return setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * rate)
    while (begun < due) begin(begun++)
  }, 20)
}

interface Prepared {
  readonly actions: Record<Kind, (index: number) => Promise<void>>
  close(): void
}

async function prepare(installation: Installation): Promise<Prepared> {
  const { client, requests } = installation
  const sessions = await openSessions(installation, livingSessions)
  const tokens = await openServerSessions(installation, 16)
  const streams = await openStreams(installation, livingStreams)
  // The first is replaced after a second, in which a busy machine has sent it no heartbeat yet.
  await sleep(5000)
  const settled = (index: number) => at(sessions.slice(leftAlone), index)
  const actions: Prepared['actions'] = {
    async login(index) {
      sessions.push(await login(installation, index))
    },
    async logout(index) {
      const oldest = sessions.length > livingSessions ? sessions.shift() : undefined
      if (oldest !== undefined) await logout(installation, oldest, index)
    },
    async refresh(index) {
      const session = settled(index)
      Object.assign(session, await requests.refresh(client(index), session))
    },
    'session check': (index) => checkSession(installation, tokens, index),
    profile: (index) => requests.profile(client(index), settled(7 * index)),
    introspection: (index) => introspect(installation, [settled(11 * index)], 0),
    'feed reader': () => replaceOldest(installation, streams),
  }
  return {
    actions,
    close() {
      for (const stream of streams) stream.close()
    },
  }
}

/** A stream that was open for a while has had heartbeats, and only we end it. */
async function replaceOldest(installation: Installation, streams: Stream[]): Promise<void> {
  const oldest = streams.shift()
  if (oldest?.isOver === true || oldest?.heartbeats === 0) throw new Error('A stream of the feed stood still.')
  oldest?.close()
  streams.push(...(await openStreams(installation, 1)))
}
