import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ada, startTestServer, type TestServer } from '../test-server.ts'

const rounds = 60

/** Each call is to be answered by its own work, and not by a limit. */
const rateLimits = {
  loginPerAccountAndNetwork: '10000/1h',
  loginPerAccount: '10000/1h',
  loginPerNetwork: '10000/1h',
  registrationPerNetwork: '10000/1h',
}

/** The chance that a call of the first kind takes longer than one of the second (Mann-Whitney U): 0.5 when they are alike. */
function chanceOfLonger(first: readonly number[], second: readonly number[]): number {
  const wins = first.flatMap((one) => second.map((other) => (one > other ? 1 : one === other ? 0.5 : 0)))
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length
}

async function timeOf(server: TestServer, path: string, json: object): Promise<number> {
  const began = performance.now()
  await server.call('POST', path, { json })
  return performance.now() - began
}

/**
 * Measures two kinds of call in turn and asserts that their times do not tell them apart. A leak shows in every attempt; a machine
 * that is busy in step with the turns does not.
 */
async function assertAlike(
  known: (round: string) => Promise<number>,
  unknown: (round: string) => Promise<number>,
): Promise<void> {
  const chances: number[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] }
    for (let round = 0; round < rounds; round++) {
      const knownFirst = round % 2 === 0
      if (knownFirst) times.known.push(await known(`${attempt}-${round}`))
      times.unknown.push(await unknown(`${attempt}-${round}`))
      if (!knownFirst) times.known.push(await known(`${attempt}-${round}`))
    }
    const chance = chanceOfLonger(times.known, times.unknown)
    if (chance > 0.25 && chance < 0.75) return
    chances.push(chance)
  }
  assert.fail(`a known address takes longer with a chance of ${chances.join(', ')}`)
}

describe('whether an address is known', () => {
  test('cannot be told from the time of a login', async (t) => {
    const server = startTestServer(t, { rateLimits })
    await server.signUp()
    const password = 'wrong'
    await assertAlike(
      () => timeOf(server, '/api/auth/login', { ...ada, password }),
      (round) => timeOf(server, '/api/auth/login', { email: `nobody-${round}@example.com`, password }),
    )
  })

  test('cannot be told from the time of a registration', async (t) => {
    const server = startTestServer(t, { rateLimits })
    await server.signUp()
    const password = 'another password'
    await assertAlike(
      () => timeOf(server, '/api/auth/register', { ...ada, password }),
      (round) => timeOf(server, '/api/auth/register', { email: `new-${round}@example.com`, password }),
    )
  })
})
