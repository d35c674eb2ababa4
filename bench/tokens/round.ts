// One round, in a process of its own: every operation of every library, and the median of its slices.
import { createVerifier, importKey } from '@countersign/token'
import { inTurn, median } from '../statistics.ts'
import { awsJwtVerify } from './libraries/aws-jwt-verify.ts'
import { bare } from './libraries/bare.ts'
import { countersign } from './libraries/countersign.ts'
import { fastJwt } from './libraries/fast-jwt.ts'
import { jose } from './libraries/jose.ts'
import { jsonwebtoken } from './libraries/jsonwebtoken.ts'
import type { Library, Operation } from './library.ts'
import { type Candidate, type MeasurePlan, measureInTurn } from './measure.ts'
import {
  type Algorithm,
  algorithms,
  audience,
  createSubject,
  createTokenMaker,
  issuer,
  type Subject,
  tamper,
  verificationKey,
} from './subject.ts'

/** What the process sends when it is done: CPU µs by operation, algorithm and library. */
export type RoundResult = Record<MeasuredOperation, Record<Algorithm, Record<string, number>>>

export type MeasuredOperation = 'verify' | 'verifyAgain' | 'sign'

const libraries = [bare, countersign, fastJwt, jsonwebtoken, jose, awsJwtVerify]
const [round = 0, sliceLength = 40_000, slices = 5] = process.argv.slice(2).map(Number)
const plan: MeasurePlan = { warmUp: 6 * sliceLength, sliceLength, slices }

process.on('disconnect', () => process.exit())
process.send?.(await measureRound(), () => process.disconnect())

async function measureRound(): Promise<RoundResult> {
  const result = { verify: {}, verifyAgain: {}, sign: {} } as RoundResult
  for (const alg of algorithms) {
    const subject = createSubject(alg)
    result.verify[alg] = await measureAll(subject, createCheckedVerify)
    result.verifyAgain[alg] = await measureAll(subject, createCheckedVerifyAgain)
    result.sign[alg] = await measureAll(subject, createCheckedSign)
  }
  return result
}

async function measureAll(subject: Subject, create: typeof createCheckedVerify): Promise<Record<string, number>> {
  const candidates: Candidate[] = []
  for (const library of inTurn(libraries, round)) {
    const operation = await create(library, subject)
    if (operation) candidates.push({ library: library.name, operation, inFlight: library.inFlight ?? 1, slices: [] })
  }
  await measureInTurn(candidates, plan)
  return Object.fromEntries(candidates.map(({ library, slices }) => [library, median(slices)]))
}

/** Makes an operation that verifies, after it has refused a token with another payload. */
async function createCheckedVerify(library: Library, subject: Subject): Promise<Operation | undefined> {
  const refuse = await library.createVerify(subject, subject.tokens.map(tamper))
  const accepted = await attempt(refuse)
  if (refuse && accepted) throw new Error(`${library.name} accepts a forged ${subject.alg} token.`)
  return library.createVerify(subject, subject.tokens)
}

/** Makes an operation that verifies tokens which it has verified before, after it has refused tokens of another payload. */
async function createCheckedVerifyAgain(library: Library, subject: Subject): Promise<Operation | undefined> {
  const { alg, tokens } = subject
  const forged = library.createVerifyAgain?.(subject, createTokenMaker(tokens.map(tamper)))
  if (forged && (await attempt(forged)))
    throw new Error(`${library.name} accepts a forged ${alg} token with its cache.`)
  return library.createVerifyAgain?.(subject, createTokenMaker(tokens))
}

/** Makes an operation that signs, after a token that it made was verified; the bare operation makes none. */
async function createCheckedSign(library: Library, subject: Subject): Promise<Operation | undefined> {
  const sign = await library.createSign(subject)
  const token = await sign?.(0)
  const { alg, kid } = subject
  const keys = importKey(verificationKey(subject), { alg, kid })
  if (typeof token === 'string') createVerifier({ keys, algorithms: [alg], issuer, audience })(token)
  return sign
}

async function attempt(operation: Operation | undefined): Promise<boolean> {
  try {
    await operation?.(0)
    return operation !== undefined
  } catch {
    return false
  }
}
