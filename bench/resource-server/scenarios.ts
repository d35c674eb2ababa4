// What happens to the issuer, and what the API makes of it. Each scenario has a trial to itself.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, fetchKeys, firstKey, laterKey, secondsUntil, sendStrangeTokens, type Trial } from './trial.ts'

export interface Scenario {
  name: string
  /** How long the API is to keep a JWK Set, milliseconds, where it can be told; left out for its default. */
  cacheAge?: number
  run(trial: Trial): Promise<Observation>
}

/** What was seen: seconds are undefined where it took longer than the scenario waits. */
export interface Observation {
  /** Requests for the JWK Set. */
  requests?: number
  seconds?: number | undefined
  /** The longest that an answer took, seconds. */
  slowest?: number
  answers?: Answer[]
}

/** How long the scenarios wait, seconds. */
export const patience = { newKey: 120, removedKey: 130, hang: 65 }
export const shortCacheAge = 60
const strangers = 1000
const strangeSeconds = 5
const quietSeconds = 12

/** 1,000 tokens with unknown kids in 5 s; when all are answered, the issuer rotates. */
export const flood: Scenario = {
  name: 'flood',
  async run(trial) {
    // What the trials beside it see at once is over by then.
    await sleep(quietSeconds * 1000)
    const flooded = await afterOtherFloods(async () => {
      await fetchKeys(trial)
      const before = trial.issuer.requests
      const answers = await sendStrangeTokens(trial, strangers, strangeSeconds)
      return {
        requests: trial.issuer.requests - before,
        slowest: Math.max(...answers.map((answer) => answer.seconds)),
      }
    })
    return { ...flooded, seconds: await secondsUntilRotated(trial) }
  },
}

/** Nothing but good tokens; the issuer rotates some seconds after the API has fetched its JWK Set. */
function quietRotation(after: number): Scenario {
  return {
    name: `rotated ${after} s after a fetch`,
    async run(trial) {
      await fetchKeys(trial)
      await sleep(after * 1000)
      return { seconds: await secondsUntilRotated(trial) }
    },
  }
}

export const quietRotations = [5, 35].map(quietRotation)

/** Ten unknown kids a second before and after the issuer rotates. */
export const rotationUnderStrangers: Scenario = {
  name: 'rotation under strangers',
  async run(trial) {
    await fetchKeys(trial)
    let isOver = false
    const sending = (async () => {
      while (!isOver) await Promise.race([sendStrangeTokens(trial, 10, 1), sleep(1000)])
    })()
    await sleep(5000)
    const seconds = await secondsUntilRotated(trial)
    isOver = true
    await sending
    return { seconds }
  },
}

/** The issuer refuses connections: at once, and when the JWK Set is older than it may get. */
export const outage: Scenario = {
  name: 'outage',
  cacheAge: shortCacheAge * 1000,
  async run(trial) {
    await fetchKeys(trial)
    trial.issuer.goAway()
    await sleep(2000)
    const early = await askInARow(trial, 3)
    await sleep((shortCacheAge + 10) * 1000)
    return { answers: [...early, ...(await askInARow(trial, 3))] }
  },
}

/** The issuer removes one of its two keys. */
export const removal: Scenario = {
  name: 'removal',
  cacheAge: shortCacheAge * 1000,
  async run(trial) {
    trial.issuer.keys = [firstKey, laterKey]
    await fetchKeys(trial)
    trial.issuer.keys = [laterKey]
    return { seconds: await secondsUntil('refused', firstKey, trial, patience.removedKey) }
  },
}

/** The first request for the JWK Set is never answered. */
export const hang: Scenario = {
  name: 'hang',
  async run(trial) {
    trial.issuer.behaviour = 'hang'
    return { answers: [await trial.ask(firstKey.createToken(trial.issuer.url), patience.hang)] }
  },
}

/** Something else than a JWK Set comes from the start; ten good tokens are sent one after the other. */
export const faults = (['status 500', 'garbage', 'HTML page', 'redirect', '5 MB'] as const).map(
  (behaviour): Scenario => ({
    name: behaviour,
    async run(trial) {
      trial.issuer.behaviour = behaviour
      const answers = await askInARow(trial, 10)
      return { answers, requests: trial.issuer.requests }
    },
  }),
)

let lastFlood: Promise<unknown> = Promise.resolve()

/** Waits for its turn: a flood that shares the processors with another shows what they have to spare, not what an API does. */
function afterOtherFloods<Result>(act: () => Promise<Result>): Promise<Result> {
  const turn = lastFlood.then(act)
  lastFlood = turn.catch(() => undefined)
  return turn
}

function secondsUntilRotated(trial: Trial): Promise<number | undefined> {
  trial.issuer.keys = [firstKey, laterKey]
  return secondsUntil('accepted', laterKey, trial, patience.newKey)
}

async function askInARow({ ask, issuer }: Trial, count: number): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let index = 0; index < count; index++) {
    answers.push(await ask(firstKey.createToken(issuer.url)))
    await sleep(100)
  }
  return answers
}
