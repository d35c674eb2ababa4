// The histories of the model, replayed through HTTP on SQLite: what the server answers is what the state machine says.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Accounts } from '../../accounts/accounts.ts'
import { firstGeneration, move, type PresentedToken, type RotationState } from '../../sessions/rotation.ts'
import { cookiesOf } from '../browser-client.ts'
import { startTestServer, type TestServer } from '../test-server.ts'

const L = 15_000
const H = 60_000
const limits = { leeway: L, hold: H }
const origin = 'https://auth.example.com'

const anyone = { id: 'usr_1', email: 'ada@example.com', emailVerified: true, roles: [], createdAt: 0 }
/** Hashing passwords is not what is tested. */
const accounts: Accounts = { verifyCredentials: async () => anyone, findAccount: async () => anyone }

/** One use of a token. */
interface Step {
  /** Milliseconds before it. */
  readonly wait: number
  /** Which token: 0 is the last that anyone was given, 1 the one before. */
  readonly back: number
}

/** A session that goes through HTTP and through the state machine, step by step. */
interface Replay {
  present(token: string): Promise<string | undefined>
  readonly first: string
}

type Mode = 'bearer' | 'cookie'

/** Reads generation and attempt out of a token's text; both are small here. */
function placeOf(token: string): PresentedToken {
  const bytes = Buffer.from(token.slice(4), 'base64url')
  return { gen: bytes.readUInt8(18), att: bytes.readUInt8(19) }
}

async function signIn({ call }: TestServer, mode: Mode): Promise<string> {
  const reply = await call('POST', '/api/auth/login', { json: { email: anyone.email, password: 'any', mode } })
  return mode === 'bearer' ? reply.json.refreshToken : (cookiesOf(reply)[0]?.value ?? '')
}

/** @returns the successor, or `undefined` where none was given; the status tells them apart */
async function send({ call, refresh }: TestServer, mode: Mode, token: string): Promise<[number, string | undefined]> {
  if (mode === 'bearer') {
    const { status, json } = await refresh(token)
    return [status, json.refreshToken === token ? undefined : json.refreshToken]
  }
  const reply = await call('POST', '/api/auth/refresh', { headers: { cookie: `__Host-rt-AAAAAAAA=${token}`, origin } })
  return [reply.status, cookiesOf(reply)[0]?.value]
}

async function open(server: TestServer, mode: Mode): Promise<Replay> {
  const { clock } = server
  const first = await signIn(server, mode)
  let state: RotationState | undefined = firstGeneration(clock.now)

  async function present(token: string): Promise<string | undefined> {
    const place = placeOf(token)
    const moved = state && move(state, place, clock.now, limits)
    const [status, successor] = await send(server, mode, token)
    if (moved === undefined || !('state' in moved)) {
      if (moved?.outcome === 'reused') state = undefined
      assert.deepEqual([status, successor], [401, undefined], moved?.outcome ?? 'over')
      return undefined
    }
    state = moved.state
    const expected = moved.successor ? { gen: state.gen, att: state.att } : place
    assert.deepEqual([status, placeOf(successor ?? token)], [200, expected], moved.outcome)
    return successor
  }

  return { present, first }
}

const startServer = (t: TestContext) => startTestServer(t, { accounts })

describe('replayed through HTTP', () => {
  for (const mode of ['bearer', 'cookie'] as const) {
    test(`every order in which an owner and a thief take turns, in ${mode} mode, is found within two changes of turn`, async (t) => {
      const server = startServer(t)
      for (let order = 0; order < 2 ** 9; order++) {
        const who = Array.from({ length: 9 }, (_, i) => (order >> i) & 1)
        const { present, first } = await open(server, mode)
        const held = [first, first]
        let [changes, over] = [0, false]
        for (const [i, one] of who.entries()) {
          server.clock.now += H
          if (i > 0 && one !== who[i - 1]) changes++
          const before = held[one] as string
          held[one] = (await present(before)) ?? before
          over = held[one] === before
          if (over) break
        }
        assert.ok(over ? changes <= 2 : changes < 2, `${who.join('')}: ${changes} changes`)
      }
    })

    test(`any order of tokens at any time, in ${mode} mode, does what the state machine says`, async (t) => {
      const server = startServer(t)
      const step: fc.Arbitrary<Step> = fc.record({
        wait: fc.constantFrom(0, 1, 1000, L - 1, L, L + 1, H - L, H - 1, H, H + 1, 10 * H),
        back: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
      })
      const history = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const { present, first } = await open(server, mode)
        const known = [first]
        for (const { wait, back } of steps) {
          server.clock.now += wait
          const successor = await present(known[Math.min(back, known.length - 1)] as string)
          if (successor !== undefined && !known.includes(successor)) known.unshift(successor)
        }
      })
      await fc.assert(history, { numRuns: 400, seed: 20_261_126 })
    })
  }
})
