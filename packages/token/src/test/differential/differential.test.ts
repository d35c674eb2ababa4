/**
 * Shows the same changed tokens to this package and to jose. Where one accepts what the other refuses, the difference
 * must be one that docs/differences-to-jose.md explains.
 */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { JwtClaims } from '../../claims.ts'
import { createVerifier } from '../../create-verifier.ts'
import { TokenError } from '../../token-error.ts'
import { KID, TEST_KEYS, type TestKey } from '../test-keys.ts'
import { EXPLAINED, findDisagreement } from './disagreement.ts'
import { AUDIENCE, ISSUER, MUTATIONS, makeShortenedToken, mutateToken, NOW, Random } from './mutate-token.ts'

const SEED = Number(process.argv.find((argument) => argument.startsWith('--seed='))?.slice(7) ?? 20_261_122)
const CASES = 6000

/** What became of a token: its claims, or the error. */
type Outcome = { readonly claims: unknown } | { readonly error: unknown }

const verifiers = new Map(TEST_KEYS.map((key) => [key.alg, createBoth(key)]))

function createBoth(key: TestKey): {
  ours: (token: unknown) => JwtClaims
  theirs: (token: unknown) => Promise<unknown>
} {
  const { alg, native, verification } = key
  const verify = createVerifier({
    keys: verification,
    algorithms: [alg],
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    now: () => NOW,
  })
  const publicKey = native.type === 'secret' ? native : createPublicKey(native)
  // Which key a token may ask for is the same on both sides: a secret without a name serves every kid.
  const findKey: JWTVerifyGetKey = ({ kid }) => {
    if (kid !== undefined && kid !== KID && verification.kid !== undefined) throw new Error('There is no such key.')
    return publicKey
  }
  const options = {
    algorithms: [alg],
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    requiredClaims: ['exp'],
    clockTolerance: 5,
    currentDate: new Date(NOW * 1000),
  }
  return {
    ours: (token) => verify(token as string),
    theirs: async (token) => (await jwtVerify(token as string, findKey, options)).payload,
  }
}

async function observe(verify: () => unknown): Promise<Outcome> {
  try {
    return { claims: await verify() }
  } catch (error) {
    return { error }
  }
}

function* changedTokens(): Generator<{ key: TestKey; chosen: readonly string[]; token: unknown }> {
  const pss = TEST_KEYS.find(({ alg }) => alg === 'PS256')
  assert.ok(pss)
  yield { key: pss, chosen: ['shortened'], token: makeShortenedToken(pss) }
  const random = new Random(SEED)
  const kinds = Object.keys(MUTATIONS)
  for (let index = 0; index < CASES; index += 1) {
    const key = random.pick(TEST_KEYS)
    // Each kind in its turn, and every third time one more upon it.
    const chosen = [kinds[index % kinds.length] ?? '', ...(random.below(3) === 0 ? [random.pick(kinds)] : [])]
    yield { key, chosen, token: mutateToken(key, chosen, random) }
  }
}

test(`${CASES} changed tokens: every disagreement with jose is explained, and each explanation is needed`, async () => {
  const seen = new Map<string, number>()
  const unexplained: string[] = []
  let [accepted, refused] = [0, 0]
  for (const { key, chosen, token } of changedTokens()) {
    const both = verifiers.get(key.alg)
    const ours = await observe(() => both?.ours(token))
    const theirs = await observe(() => both?.theirs(token))
    if ('claims' in ours && 'claims' in theirs) {
      assert.deepEqual(ours.claims, theirs.claims)
      accepted += 1
    } else if ('error' in ours && 'error' in theirs) {
      assert.ok(ours.error instanceof TokenError, inspect(ours.error))
      refused += 1
    } else {
      const name = 'error' in ours && ours.error instanceof TokenError ? findDisagreement(ours.error, token) : undefined
      if (name === undefined) unexplained.push(inspect({ seed: SEED, alg: key.alg, chosen, token, ours, theirs }))
      else seen.set(name, (seen.get(name) ?? 0) + 1)
    }
  }
  assert.deepEqual(unexplained.slice(0, 5), [], `${unexplained.length} disagreements are not explained`)
  assert.deepEqual(
    EXPLAINED.filter((name) => !seen.has(name)),
    [],
    'an explanation that nothing needs',
  )
  assert.ok(accepted > CASES / 10 && refused > CASES / 3, `${accepted} accepted and ${refused} refused by both`)
})

test('docs/differences-to-jose.md has a row for each explanation, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../../docs/differences-to-jose.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  assert.deepEqual(rows.toSorted(), EXPLAINED.toSorted())
})
