/** Each token and key of the corpus, refused with its code or accepted. */
import type { Algorithm } from '../../algorithm.ts'
import type { BoundKey } from '../../bound-key.ts'
import type { JwtClaims } from '../../claims.ts'
import type { Jwk } from '../../jwk.ts'
import type { Case } from './case.ts'
import { expectEqual, expectRefusal } from './expect.ts'
import type { FixtureHostileKey, Fixtures, FixtureToken } from './fixtures.ts'
import { decode, type Scene } from './scene.ts'
import type { AnyVerifierOptions } from './subject.ts'

/** Lists the cases of the corpus. */
export function listCorpusCases({ tokens, hostileKeys }: Fixtures): readonly Case[] {
  return [...tokens.map(toTokenCase), ...hostileKeys.map(toKeyCase)]
}

function toTokenCase(entry: FixtureToken): Case {
  return {
    title: entry.title,
    run: async (scene) => {
      if (entry.keys.some(({ alg }) => !scene.keys.some((key) => key.alg === alg))) return expectMissing(scene, entry)
      const verify = await createVerifierOf(scene, entry)
      const token = entry.token as string
      // Thrice, since a matcher with a memory, or a cache, may change its mind.
      for (let round = 0; round < 3; round += 1) {
        if (entry.code === undefined) expectEqual(await verify(token), readClaims(token))
        else await expectRefusal(() => verify(token), { code: entry.code })
      }
    },
  }
}

/** Expects a key of an algorithm that the runtime has not got to be refused for that. */
async function expectMissing({ subject }: Scene, { keys }: FixtureToken): Promise<void> {
  const importAll = async (): Promise<void> => {
    for (const jwk of keys) await subject.importKey(jwk)
  }
  await expectRefusal(importAll, { message: /does not have this algorithm/ })
}

function toKeyCase({ title, source, alg }: FixtureHostileKey): Case {
  return {
    title,
    run: ({ subject }) => expectRefusal(() => subject.importKey(source as Jwk, { alg: alg as Algorithm }), {}),
  }
}

async function createVerifierOf(
  { subject }: Scene,
  { options, keys, now }: FixtureToken,
): Promise<(token: string) => Promise<JwtClaims> | JwtClaims> {
  const imported: BoundKey[] = []
  for (const jwk of keys) imported.push(await subject.importKey(jwk))
  return subject.createVerifier({ ...options, keys: imported, now: () => now } as unknown as AnyVerifierOptions)
}

function readClaims(token: string): unknown {
  return JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(decode(token.split('.')[1] ?? '')))
}
