import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ada, startTestServer, type TestServer } from '../test-server.ts'

const rounds = 60

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

describe('whether an address is known', () => {
  test('cannot be told from the time of a login', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    const known: number[] = []
    const unknown: number[] = []
    for (let round = 0; round < rounds; round++) {
      known.push(await timeOf(server, '/api/auth/login', { ...ada, password: 'wrong' }))
      unknown.push(await timeOf(server, '/api/auth/login', { email: `nobody-${round}@example.com`, password: 'wrong' }))
    }
    const chance = chanceOfLonger(known, unknown)
    assert.ok(chance > 0.25 && chance < 0.75, `known takes longer with a chance of ${chance}`)
  })

  test('cannot be told from the time of a registration', async (t) => {
    const server = startTestServer(t)
    await server.signUp()
    const known: number[] = []
    const unknown: number[] = []
    for (let round = 0; round < rounds; round++) {
      known.push(await timeOf(server, '/api/auth/register', { ...ada, password: 'another password' }))
      unknown.push(
        await timeOf(server, '/api/auth/register', { email: `new-${round}@example.com`, password: 'another password' }),
      )
    }
    const chance = chanceOfLonger(known, unknown)
    assert.ok(chance > 0.2 && chance < 0.8, `known takes longer with a chance of ${chance}`)
  })
})
