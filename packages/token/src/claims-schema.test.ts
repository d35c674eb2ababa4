import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimsSchema } from './claims-schema.ts'
import { createSigner } from './create-signer.ts'
import { createJwtVerifier, createVerifier } from './create-verifier.ts'
import { importKey } from './import-key.ts'
import { TokenError } from './token-error.ts'
import type { VerifiedJwt } from './verified-token.ts'

const key = importKey(new Uint8Array(32).fill(5), { alg: 'HS256' })
const names = { issuer: 'https://issuer.example', audience: 'https://api.example' }
const sign = createSigner({ key, ...names, lifetime: 60 })
const options = { keys: key, algorithms: ['HS256'], ...names } as const

interface Tenant {
  readonly tenant: string
  readonly seats: number
}

/** A schema as a library would make it, which reads `seats` from text. */
const schema: ClaimsSchema<Tenant> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const { tenant, seats } = value as Record<string, unknown>
      if (typeof tenant !== 'string') return { issues: [{ path: ['tenant'] }, { path: ['seats'] }] }
      if (typeof seats !== 'string') return { issues: [{ path: [{ key: 'seats' }] }] }
      return { value: { tenant, seats: Number(seats) } }
    },
  },
}

const answering = (validate: ClaimsSchema<unknown>['~standard']['validate']): ClaimsSchema<unknown> => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

test('what a schema returns is what the verifier returns, and its type follows', async () => {
  const claims: Tenant = createVerifier({ ...options, schema })(sign({ tenant: 'acme', seats: '12' }))
  assert.deepEqual(claims, { tenant: 'acme', seats: 12 })
  const verified: VerifiedJwt<Tenant> = createJwtVerifier({ ...options, schema })(sign({ tenant: 'acme', seats: '12' }))
  assert.deepEqual(verified.claims, claims)
  const later: Promise<Tenant> = createVerifier({ ...options, keys: () => key, schema })(
    sign({ tenant: 'acme', seats: '3' }),
  )
  assert.deepEqual(await later, { tenant: 'acme', seats: 3 })
})

test('claims that do not fit are refused by the name of the first, and not quoted', () => {
  const verify = createVerifier({ ...options, schema })
  assert.throws(() => verify(sign({ tenant: 5 })), { code: 'claim_invalid', claim: 'tenant' })
  assert.throws(
    () => verify(sign({ tenant: 'MARKED', seats: 12 })),
    (error) => {
      assert.ok(error instanceof TokenError)
      assert.deepEqual([error.code, error.claim, error.message.includes('MARKED')], ['claim_invalid', 'seats', false])
      return true
    },
  )
  const whole = answering(() => ({ issues: [{}] }))
  assert.throws(() => createVerifier({ ...options, schema: whole })(sign({})), { code: 'claim_invalid', claim: '' })
})

test('a schema sees claims only once everything else about the token holds', () => {
  let seen = 0
  const counting = answering((value) => {
    seen += 1
    return { value }
  })
  const verify = createVerifier({ ...options, schema: counting, now: () => Date.now() / 1000 + 100 })
  assert.throws(() => verify(sign({})), { code: 'token_expired' })
  assert.throws(() => createVerifier({ ...options, schema: counting })(`${sign({}).slice(0, -2)}AA`), TokenError)
  assert.equal(seen, 0)
  createVerifier({ ...options, schema: counting })(sign({}))
  assert.equal(seen, 1)
})

test('a schema that answers with a promise is the fault of the program, and accepts nothing', () => {
  for (const answer of [Promise.resolve({ value: {} }), Promise.reject(new Error('later'))]) {
    const verify = createVerifier({ ...options, schema: answering(() => answer) })
    assert.throws(() => verify(sign({})), { name: 'TypeError', message: /answers with a promise/ })
  }
})

test('what is no Standard Schema is refused when the verifier is made', () => {
  const wrong = [null, 1, {}, { parse: () => ({}) }, { '~standard': { version: 2, validate: () => ({ value: 1 }) } }]
  for (const schema of wrong) {
    assert.throws(() => createVerifier({ ...options, schema: schema as never }), {
      name: 'TypeError',
      message: /schema/,
    })
  }
})
