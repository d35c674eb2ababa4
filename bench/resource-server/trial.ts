// One trial: an API and an issuer of its own, both started afresh, so that trials can run side by side.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerProcess, startServer } from '../server/server-process.ts'
import { audience, createIssuerKey, createStrangeToken, type IssuerKey } from './access-tokens.ts'
import { type Api, launchOf } from './api.ts'
import { type Issuer, startIssuer } from './issuer.ts'

/** What became of a request; without a status there was no answer in time. */
export interface Answer {
  status: number | undefined
  seconds: number
}

export interface Trial {
  api: Api
  issuer: Issuer
  /** Asks the protected route with a token of its own. */
  ask(token: string, longest?: number): Promise<Answer>
  stop(): Promise<void>
}

/** Every API has it. */
const alg = 'RS256'

/** The key that is there from the start, and the one that comes later. */
export const [firstKey, laterKey] = [createIssuerKey(alg), createIssuerKey(alg)]

const longestAnswer = 10
const pollInterval = 250

/** Starts an API with an issuer that has `keys`. */
export async function startTrial(api: Api, folder: string, cacheAge?: number): Promise<Trial> {
  const issuer = await startIssuer([firstKey])
  const settings = {
    issuer: issuer.url,
    audience,
    algorithm: alg,
    ...(cacheAge !== undefined && { cacheAge }),
  } as const
  const server: ServerProcess = await startServer(launchOf(api, settings), folder)
  return {
    api,
    issuer,
    ask: (token, longest = longestAnswer) => ask(server.port, token, longest),
    async stop() {
      await server.stop()
      issuer.goAway()
    },
  }
}

/** Makes the API fetch the JWK Set. @throws Error if it then refuses a good token */
export async function fetchKeys({ api, issuer, ask }: Trial): Promise<void> {
  const { status } = await ask(firstKey.createToken(issuer.url))
  if (status !== 200) throw new Error(`${api.name} answers a good token with ${status}.`)
}

/**
 * Asks four times a second with a token of `key`, whatever became of the last, until an answer is the one wanted.
 *
 * @returns the seconds that it took, or undefined if it took longer than `longest`
 */
export async function secondsUntil(
  wanted: 'accepted' | 'refused',
  key: IssuerKey,
  { issuer, ask }: Trial,
  longest: number,
): Promise<number | undefined> {
  const started = performance.now()
  const passed = () => (performance.now() - started) / 1000
  let taken: number | undefined
  while (taken === undefined && passed() < longest) {
    void ask(key.createToken(issuer.url)).then(({ status }) => {
      if (status !== undefined && (status === 200) === (wanted === 'accepted')) taken ??= passed()
    })
    await sleep(pollInterval)
  }
  return taken
}

/** Sends tokens with unknown kids, evenly, whatever became of the last, and returns all answers. */
export async function sendStrangeTokens({ issuer, ask }: Trial, count: number, seconds: number): Promise<Answer[]> {
  const started = performance.now()
  const answers: Promise<Answer>[] = []
  for (let sent = 1; sent <= count; sent++) {
    answers.push(ask(createStrangeToken(alg, issuer.url)))
    const next = started + (sent * seconds * 1000) / count
    if (next > performance.now()) await sleep(next - performance.now())
  }
  return Promise.all(answers)
}

async function ask(port: number, token: string, longest: number): Promise<Answer> {
  const started = performance.now()
  const passed = () => (performance.now() - started) / 1000
  try {
    const response = await fetch(`http://127.0.0.1:${port}/protected`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(longest * 1000),
    })
    await response.arrayBuffer()
    return { status: response.status, seconds: passed() }
  } catch {
    return { status: undefined, seconds: passed() }
  }
}
