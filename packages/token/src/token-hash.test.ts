import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { tokenHash } from './token-hash.ts'

test('hashes the access token and the code of OpenID Connect Core 1.0 Appendix A', () => {
  assert.equal(tokenHash('RS256', 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'), '77QmUPtjPfzWtF2AnpK9RQ')
  assert.equal(
    tokenHash('RS256', 'Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk'),
    'LDktKdoQak3Pk0cnXxCltA',
  )
})

test('takes the hash of the algorithm, and SHA-512 for Ed25519', () => {
  const left = (name: string) => {
    const digest = createHash(name).update('token').digest()
    return digest.subarray(0, digest.length / 2).toString('base64url')
  }
  assert.equal(tokenHash('ES384', 'token'), left('sha384'))
  assert.equal(tokenHash('PS512', 'token'), left('sha512'))
  assert.equal(tokenHash('EdDSA', 'token'), left('sha512'))
})

test('takes SHAKE256 with 64 bytes for ML-DSA, as oidc-token-hash does', () => {
  const accessToken =
    'YmJiZTAwYmYtMzgyOC00NzhkLTkyOTItNjJjNDM3MGYzOWIy9sFhvH8K_x8UIHj1osisS57f5DduL-ar_qw5jl3lthwpMjm283aVMQXDmoqqqydDSqJfbhptzw8rUVwkuQbolw'
  for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const)
    assert.equal(tokenHash(alg, accessToken), 'jxsy68_eG9-91VnHsZ2VnCr_WqDMv4nspiSuUPRdNZk')
})
