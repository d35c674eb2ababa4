/** Owns the verifier that most portable tests start from, and the few things that they do with it. */
import type { JwtClaims } from '../../claims.ts'
import type { TokenErrorCode } from '../../token-error.ts'
import { catchRefusal, expectEqual, expectRefusal } from './expect.ts'
import { KID } from './fixtures.ts'
import { forge, type Scene } from './scene.ts'
import type { AnyVerifierOptions } from './subject.ts'

/** Epoch seconds at which tokens are verified. */
export const NOW = 1_700_000_000
/** The claims of an honest token. */
export const CLAIMS: { readonly iss: string; readonly aud: string; readonly exp: number; readonly iat: number } = {
  iss: 'https://issuer.example',
  aud: 'api',
  exp: NOW + 60,
  iat: NOW - 60,
}

type Verify = (token: string) => JwtClaims | Promise<JwtClaims>

/** The usual options of a verifier. */
export function optionsOf({ getKey }: Scene): AnyVerifierOptions {
  const { verification } = getKey('ES256')
  return { keys: verification, algorithms: ['ES256'], issuer: CLAIMS.iss, audience: 'api', now: () => NOW }
}

/** Makes the usual verifier, with some options changed. */
export function verifierOf(scene: Scene, changes: object = {}): Verify {
  return scene.subject.createVerifier({ ...optionsOf(scene), ...changes } as AnyVerifierOptions)
}

/** Signs a payload with the usual key, without the library under test. */
export function tokenOf(scene: Scene, payload: string | object = CLAIMS, header: object = {}): Promise<string> {
  return forge(scene.getKey('ES256'), { alg: 'ES256', kid: KID, ...header }, payload)
}

/** Expects a token with some claims to be accepted. */
export async function accepts(scene: Scene, payload: string | object, changes: object = {}): Promise<void> {
  const claims = await verifierOf(scene, changes)(await tokenOf(scene, payload))
  expectEqual(claims, typeof payload === 'string' ? JSON.parse(payload) : JSON.parse(JSON.stringify(payload)))
}

/** Expects a token with some claims to be refused. */
export async function refuses(
  scene: Scene,
  code: TokenErrorCode,
  payload: string | object,
  changes: object = {},
  claim?: string,
): Promise<void> {
  const token = await tokenOf(scene, payload)
  const expected = claim === undefined ? { code } : { code, claim }
  await expectRefusal(() => verifierOf(scene, changes)(token), expected, JSON.stringify(payload))
}

/** Gets what is wrong with options, which is said at once. */
export async function problemsOf({ subject }: Scene, options: unknown): Promise<string> {
  const error = await catchRefusal(() => void subject.createVerifier(options as AnyVerifierOptions))
  expectEqual(error.name, 'TypeError')
  return error.message
}

/** Leaves a member out. */
export function without(object: object, name: string): object {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
}
