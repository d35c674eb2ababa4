import type { Case } from './case.ts'
import { CLAIMS_CASES } from './claims-cases.ts'
import { COMPACT_CASES } from './compact-cases.ts'
import { listCorpusCases } from './corpus-cases.ts'
import type { Fixtures } from './fixtures.ts'
import { JWK_CASES } from './jwk-cases.ts'
import { KEY_CASES, listHostileKeyCases } from './key-cases.ts'
import { LEAK_CASES } from './leak-cases.ts'
import { ML_DSA_CASES } from './ml-dsa-cases.ts'
import { RFC_CASES } from './rfc-cases.ts'
import { RFC7520_CASES } from './rfc7520-cases.ts'
import { SIGNER_CASES } from './signer-cases.ts'
import { VERIFIER_CASES } from './verifier-cases.ts'

/** Lists every portable test. */
export function listCases(fixtures: Fixtures): readonly Case[] {
  return [
    ...[RFC_CASES, RFC7520_CASES, VERIFIER_CASES, CLAIMS_CASES, SIGNER_CASES, COMPACT_CASES, JWK_CASES, KEY_CASES],
    ...[ML_DSA_CASES, LEAK_CASES, listHostileKeyCases(fixtures), listCorpusCases(fixtures)],
  ].flat()
}
