// What owner and thief do with a refresh token: present it, and see whether they are served.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../contender.ts'
import { createHttpClient, type HttpClient, UnwantedAnswer } from '../http-client.ts'
import type { Subject } from '../subject.ts'

/** A server, and as many connections to it as requests are sent at once. */
export interface Arena {
  subject: Subject
  client: HttpClient
}

export const atOnce = 10
const patience = 4

/** Opens the connections beforehand, so that the requests of a race arrive together. */
export async function openArena(subject: Subject): Promise<Arena> {
  const client = createHttpClient(subject.server.port, atOnce)
  const { healthPath } = subject.contender
  await Promise.all(Array.from({ length: atOnce }, () => client.ask({ method: 'GET', path: healthPath }, 200)))
  return { subject, client }
}

/** Refreshes `atOnce` times at once with one token. Returns the answers that gave tokens, in the order of their arrival. */
export async function race({ subject, client }: Arena, session: Session): Promise<Session[]> {
  const answers: Session[] = []
  const requests = Array.from({ length: atOnce }, async () => {
    answers.push(await subject.contender.requests.refresh(client, session))
  })
  for (const { status, reason } of (await Promise.allSettled(requests)) as PromiseRejectedResult[])
    if (status === 'rejected' && !(reason instanceof UnwantedAnswer)) throw reason
  return answers
}

/** Refreshes once. Returns nothing when the token is refused; any other answer says nothing about it, so it is sent again. */
export async function attempt({ subject, client }: Arena, session: Session): Promise<Session | undefined> {
  for (let again = 1; ; again++) {
    try {
      return await subject.contender.requests.refresh(client, session)
    } catch (error) {
      if (!(error instanceof UnwantedAnswer)) throw error
      if (error.status === 400 || error.status === 401) return undefined
      if (again === patience) throw error
      await sleep(1000)
    }
  }
}
