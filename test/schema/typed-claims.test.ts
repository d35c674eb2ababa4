import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, createVerifier, generateKey } from '@countersign/token'
import { z } from 'zod'

test('a schema of zod types the claims that a verifier returns', async () => {
  const key = await generateKey('ES256')
  const names = { issuer: 'https://issuer.example', audience: 'https://api.example' }
  const sign = createSigner({ key, ...names, lifetime: '1m' })
  const schema = z.object({
    sub: z.string(),
    roles: z.array(z.string()).default([]),
    exp: z.number().transform((exp) => new Date(exp * 1000)),
  })
  const verify = createVerifier({ keys: key, algorithms: ['ES256'], ...names, schema })

  const claims: { sub: string; roles: string[]; exp: Date } = verify(sign({ sub: 'ada', exp: 4_000_000_000 }))
  assert.deepEqual(claims, { sub: 'ada', roles: [], exp: new Date(4_000_000_000_000) })
  assert.throws(() => verify(sign({ sub: 'ada', roles: 'admin' })), { code: 'claim_invalid', claim: 'roles' })
})
