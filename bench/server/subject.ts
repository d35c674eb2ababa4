import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { at } from '../statistics.ts'
import type { Account, Contender, ServerSessionRequests, Session } from './contender.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { connections, measureRound, type RoundResult, repeat } from './round.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** A running server with accounts, and the rounds that it can be put through. */
export interface Subject {
  name: string
  server: ServerProcess
  client: HttpClient
  contender: Contender
  accounts: Account[]
}

/** Sessions that take turns in a round of refreshes; new ones each round, so that none is held for too long. */
const sessionsInTurn = 32

/** Starts a server of `contender` and registers one account for each connection. */
export async function startSubject(contender: Contender, folder: string): Promise<Subject> {
  const server = await startServer(contender, join(folder, `load-${contender.name.replaceAll(' ', '-')}-${Date.now()}`))
  const client = createHttpClient(server.port, connections)
  const accounts = Array.from({ length: connections }, (_, index) => ({
    email: `user${index}@example.com`,
    password: `a passphrase of user ${index}`,
  }))
  await repeat(accounts.length, (index) => contender.requests.register(client, at(accounts, index)))
  return { name: contender.name, server, client, contender, accounts }
}

export async function stopSubject({ client, server }: Subject): Promise<void> {
  client.close()
  await server.stop()
}

/** Signs in without measuring it. */
export function openSessions({ contender, client, accounts }: Subject, count: number): Promise<Session[]> {
  return repeat(count, (index) => contender.requests.login(client, at(accounts, index)))
}

export function loginRound({ server, contender, client, accounts }: Subject, count: number): Promise<RoundResult> {
  return measureRound(server, count, (index) => contender.requests.login(client, at(accounts, index)))
}

/** Looks up server-side sessions that were opened a moment ago, in turn. */
export async function sessionCheckRound(
  { server, client, accounts }: Subject,
  { open, check }: ServerSessionRequests,
  count: number,
): Promise<RoundResult> {
  const tokens = await repeat(connections, (index) => open(client, at(accounts, index)))
  return measureRound(server, count, (index) => check(client, at(tokens, index)))
}

export async function profileRound(subject: Subject, count: number): Promise<RoundResult> {
  const { server, contender, client } = subject
  const sessions = await openSessions(subject, connections)
  return measureRound(server, count, (index) => contender.requests.profile(client, at(sessions, index)))
}

/** Refreshes sessions that were opened a moment ago, in turn. */
export async function refreshRound(subject: Subject, count: number): Promise<RoundResult> {
  return refreshEach(subject, await openSessions(subject, sessionsInTurn), count)
}

/** Refreshes each of `sessions` once, and makes sure that each got another refresh token. */
export async function rotationRound(subject: Subject, sessions: Session[]): Promise<RoundResult> {
  const before = sessions.map(({ refreshToken }) => refreshToken)
  const result = await refreshEach(subject, sessions, sessions.length)
  const kept = sessions.filter(({ refreshToken }, index) => refreshToken === before[index]).length
  if (kept > 0) throw new Error(`${kept} of ${sessions.length} refresh tokens were not replaced.`)
  return result
}

function refreshEach({ server, contender, client }: Subject, sessions: Session[], count: number): Promise<RoundResult> {
  return measureRound(server, count, async (index) => {
    sessions[index % sessions.length] = await contender.requests.refresh(client, at(sessions, index))
  })
}

/** Waits until `milliseconds` have gone by since `since`, a moment of performance.now(). */
export async function waitSince(since: number, milliseconds: number): Promise<void> {
  await sleep(Math.max(0, since + milliseconds - performance.now()))
}
