/** Checks the options that keys are made of: the master key, the algorithm, its secrets, and when keys change. */
import type { Algorithm } from '@countersign/token'
import type { AuthorizationServerOptions } from '../options.ts'
import type { KeySchedule, SharedSecrets } from '../tokens/keys.ts'
import { weaknessOf } from '../tokens/weak-secret.ts'
import { type Complain, readSeconds } from './read-seconds.ts'

const algorithms: readonly Algorithm[] = [
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['HS256', 'HS384', 'HS512'] as const),
]

export function readMasterKeys({ masterKey, previousMasterKey }: AuthorizationServerOptions, complain: Complain) {
  const present = readMasterKey('masterKey', masterKey, complain)
  if (previousMasterKey === undefined) return { masterKey: present, previousMasterKey }
  const previous = readMasterKey('previousMasterKey', previousMasterKey, complain)
  if (Buffer.compare(present, previous) === 0) complain('previousMasterKey', 'is the same as masterKey: leave it out')
  return { masterKey: present, previousMasterKey: previous }
}

function readMasterKey(
  option: 'masterKey' | 'previousMasterKey',
  masterKey: string | Uint8Array,
  complain: Complain,
): Uint8Array {
  const bytes = typeof masterKey === 'string' ? new Uint8Array(Buffer.from(masterKey, 'base64url')) : masterKey
  const canonical = typeof masterKey !== 'string' || Buffer.from(bytes).toString('base64url') === masterKey
  if (bytes?.length !== 32 || !canonical) {
    complain(
      option,
      'must be 32 random bytes in base64url (43 characters); make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
    )
  }
  return bytes ?? new Uint8Array(0)
}

/** A verifier may keep a set for twice its max-age, and its clock may be behind. */
const cachesPerMaxAge = 2.2

export function readKeySchedule(options: Partial<AuthorizationServerOptions>, complain: Complain): KeySchedule {
  const jwksMaxAge = readSeconds('jwksMaxAge', options.jwksMaxAge ?? '5m', [1, 86_400, 'from 1 s to 1 d'], complain)
  const ahead = options.keyPublishAhead ?? '24h'
  const publishAhead =
    ahead === 0 || ahead === '0'
      ? 0
      : readSeconds('keyPublishAhead', ahead, [1, 366 * 86_400, 'from 1 s to 366 d, or 0'], complain)
  const rotationPeriod = readSeconds(
    'keyRotationPeriod',
    options.keyRotationPeriod ?? '90d',
    [1, 3660 * 86_400, 'from 1 s to 10 years'],
    complain,
  )
  if (publishAhead !== 0 && publishAhead < cachesPerMaxAge * jwksMaxAge) {
    const least = Math.ceil(cachesPerMaxAge * jwksMaxAge)
    complain(
      'keyPublishAhead',
      `must be at least ${least} s, 2.2 times jwksMaxAge, or verifiers refuse the first tokens of a new key`,
    )
  }
  if (rotationPeriod < publishAhead) complain('keyRotationPeriod', 'must not be shorter than keyPublishAhead')
  return { jwksMaxAge: jwksMaxAge * 1000, publishAhead: publishAhead * 1000, rotationPeriod: rotationPeriod * 1000 }
}

export function readAlgorithm(
  { signingAlgorithm = 'ES256' }: AuthorizationServerOptions,
  complain: Complain,
): Algorithm {
  if (!algorithms.includes(signingAlgorithm)) complain('signingAlgorithm', `must be one of ${algorithms.join(', ')}`)
  return signingAlgorithm
}

export function readSecrets(
  alg: Algorithm,
  options: AuthorizationServerOptions,
  complain: Complain,
): SharedSecrets | undefined {
  const { signingSecret, previousSigningSecret } = options
  if (!alg.startsWith('HS')) {
    if (signingSecret !== undefined)
      complain(
        'signingSecret',
        `is for HS256, HS384 and HS512, but signingAlgorithm is ${alg}: set one of these, or leave the secret out`,
      )
    if (previousSigningSecret !== undefined)
      complain('previousSigningSecret', `is for HS256, HS384 and HS512, but signingAlgorithm is ${alg}`)
    return undefined
  }
  const weakness = signingSecret === undefined ? `is needed with ${alg}` : weaknessOf(signingSecret, alg)
  if (weakness !== undefined)
    complain('signingSecret', `${weakness}; make one with: openssl rand -base64 64 | tr -d '\\n'`)
  const weaknessOfPrevious = previousSigningSecret === undefined ? undefined : weaknessOf(previousSigningSecret, alg)
  if (weaknessOfPrevious !== undefined) complain('previousSigningSecret', weaknessOfPrevious)
  if (previousSigningSecret !== undefined && previousSigningSecret === signingSecret) {
    complain('previousSigningSecret', 'is the same as the present one: leave it out')
  }
  const bytes = (text: string) => new TextEncoder().encode(text)
  return {
    signing: bytes(signingSecret ?? ''),
    previous: previousSigningSecret === undefined ? undefined : bytes(previousSigningSecret),
  }
}
