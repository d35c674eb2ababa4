/** Owns the few things that the portable tests of keys do with a JWK. */
import type { Algorithm } from '../../algorithm.ts'
import type { BoundKey } from '../../bound-key.ts'
import type { Jwk } from '../../jwk.ts'
import { expectEqual, expectRefusal } from './expect.ts'
import { decode, encode, type Scene } from './scene.ts'

/** The members of a private JWK that the library did not add: neither alg nor kid. */
export function jwkOf({ getKey }: Scene, alg: Algorithm): Jwk {
  const { alg: _, kid: __, ...members } = getKey(alg).privateJwk
  return members
}

/** The members of a public JWK, without alg, kid and use. */
export function publicJwkOf({ getKey }: Scene, alg: Algorithm): Jwk {
  const { alg: _, kid: __, use: ___, ...members } = getKey(alg).publicJwk
  return members
}

/** Changes a bit of a member. */
export function flip(member: unknown): string {
  const bytes = decode(String(member))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 2
  return encode(bytes)
}

/** Makes bytes that are all alike. */
export function fill(length: number, byte = 0): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** Expects a JWK to be refused as a key. */
export async function refusesJwk(
  { subject }: Scene,
  jwk: unknown,
  alg: Algorithm | undefined,
  message: RegExp,
): Promise<void> {
  await expectRefusal(() => subject.importKey(jwk as Jwk, alg === undefined ? {} : { alg }), { message })
}

/** Expects one key to verify what another signs. */
export async function signsFor({ subject }: Scene, signing: BoundKey, verification: BoundKey): Promise<void> {
  const payload = new TextEncoder().encode('message')
  const jws = await subject.signCompact(payload, { key: signing })
  const verified = await subject.verifyCompact(jws, { keys: verification, algorithms: [verification.alg] })
  expectEqual(verified.payload, payload)
}
