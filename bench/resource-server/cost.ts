// What protecting a route costs: CPU of the API for a request to its protected route, less that for its open route.
import { verify } from 'node:crypto'
import { join } from 'node:path'
import { asDerSignature } from '../der-signature.ts'
import { connections, measureRound, repeat } from '../server/round.ts'
import { type ServerProcess, startServer } from '../server/server-process.ts'
import { inTurn } from '../statistics.ts'
import { tamper } from '../tokens/subject.ts'
import { type Algorithm, audience, createIssuerKey, type IssuerKey } from './access-tokens.ts'
import {
  type Api,
  bare,
  countersign,
  countersignWithoutCache,
  fastifyJwtWithCache,
  launchOf,
  peers,
  signatureOnly,
} from './api.ts'
import { startIssuer } from './issuer.ts'
import { createLoadClient, encodeRequest } from './load-client.ts'

export interface CostPlan {
  /** Rounds that are not measured. */
  warmUps: number
  rounds: number
  /** Requests in a slice; each kind has two slices in a round. */
  slice: number
}

/** CPU µs of one request: to the open route, and to the protected one with a token that is new or that came before. */
export interface ApiRound {
  open: number
  newToken: number
  sameToken: number
}

/** What each round measured for one algorithm. */
export interface CostResult {
  /** CPU µs of the signature check alone, in a loop. */
  signature: number[]
  apis: Record<string, ApiRound[]>
}

/** There and back, so that what changes with time changes each kind alike. */
const slices = ['open', 'newToken', 'sameToken', 'sameToken', 'newToken', 'open'] as const
/** No request of a slice is begun after so many milliseconds, or slow APIs would take up the time of the bench. */
const longestSlice = 150
const all = [...signatureOnly, bare, ...countersign, ...countersignWithoutCache, ...peers, fastifyJwtWithCache]

interface Running {
  api: Api
  server: ServerProcess
}

/** Measures every API that has the algorithm, in turn. */
export async function measureCost(alg: Algorithm, plan: CostPlan, folder: string): Promise<CostResult> {
  const key = createIssuerKey(alg)
  const issuer = await startIssuer([key])
  const running: Running[] = []
  try {
    for (const api of all.filter(({ algorithms }) => algorithms.includes(alg))) {
      const settings = { issuer: issuer.url, audience, algorithm: alg }
      const server = await startServer(launchOf(api, settings), join(folder, `cost-${running.length}`))
      running.push({ api, server })
      if (!signatureOnly.includes(api)) await assertProtects(api.name, server, key.createToken(issuer.url))
    }
    return await measureRounds(running, plan, key, issuer.url)
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()))
    issuer.goAway()
  }
}

/** Makes sure that an API lets a good token through, and no forged one. @throws Error if it does not */
async function assertProtects(name: string, { port }: ServerProcess, token: string): Promise<void> {
  for (const [sent, isGood] of [[token, true] as const, [tamper(token), false] as const]) {
    const headers = { authorization: `Bearer ${sent}` }
    const { ok } = await fetch(`http://127.0.0.1:${port}/protected`, { headers })
    if (ok !== isGood) throw new Error(`${name} ${isGood ? 'refuses a good' : 'accepts a forged'} token.`)
  }
}

async function measureRounds(running: Running[], plan: CostPlan, key: IssuerKey, issuer: string): Promise<CostResult> {
  const result: CostResult = { signature: [], apis: {} }
  for (let round = -plan.warmUps; round < plan.rounds; round++) {
    if (round >= 0 && round % 5 === 0) console.error(`${key.alg}, round ${round + 1} of ${plan.rounds}.`)
    const tokens = Array.from({ length: 2 * plan.slice }, () => key.createToken(issuer))
    const signature = measureSignature(tokens, key)
    if (round >= 0) result.signature.push(signature)
    for (const { api, server } of inTurn(running, round + plan.warmUps)) {
      const measured = await measureApi(server, tokens)
      if (round >= 0) result.apis[api.name] = [...(result.apis[api.name] ?? []), measured]
    }
  }
  return result
}

async function measureApi(server: ServerProcess, tokens: string[]): Promise<ApiRound> {
  const requests = tokens.map((token) => encodeRequest('/protected', token))
  const same = at(requests, 0)
  const open = encodeRequest('/open', at(tokens, 0))
  // Of this round only: servers close connections that were idle for some seconds.
  const client = await createLoadClient(server.port, connections)
  await repeat(connections, (index) => client.ask(index, same))
  const measured: ApiRound = { open: 0, newToken: 0, sameToken: 0 }
  for (const kind of slices) {
    const bytesOf = { open: () => open, newToken: () => requests.pop() ?? same, sameToken: () => same }[kind]
    const ask = (index: number) => client.ask(index % connections, bytesOf())
    measured[kind] += (await measureRound(server, tokens.length / 2, ask, longestSlice)).cpu / 2
  }
  client.close()
  return measured
}

/** Measures the check of each signature, with the key imported and the bytes decoded before: what nobody can do without. */
function measureSignature(tokens: string[], { alg, publicKey }: IssuerKey): number {
  const hash = alg === 'EdDSA' ? null : 'sha256'
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    return {
      input: Buffer.from(token.slice(0, end)),
      signature: alg === 'ES256' ? asDerSignature(signature) : signature,
    }
  })
  const before = process.cpuUsage()
  for (const { input, signature } of signed)
    if (!verify(hash, input, publicKey, signature)) throw new Error('The signature is not that of the token.')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / signed.length
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length]
  if (item === undefined) throw new RangeError('There is nothing to take turns with.')
  return item
}
