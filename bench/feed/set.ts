// What entries cost a verifier.
import { randomBytes } from 'node:crypto'
import { RevocationSet } from '@countersign/resource-server'
import { median } from '../statistics.ts'

/** Measures the table of a verifier at a number of entries: bytes an entry, and CPU µs a check. */
export function measureSet(entries: number): { entries: number; bytes: number; micros: number } {
  const id = (): string => randomBytes(16).toString('base64url')
  const set = new RevocationSet()
  for (let index = 0; index < entries; index += 1) set.add(['s', id(), 0, 4_000_000_000])
  const tokens = Array.from({ length: 20_000 }, () => ({
    ...{ sid: id(), jti: id(), sub: `usr_${id()}`, clientId: 'first-party', kid: id(), iat: 1_800_000_000 },
  }))
  let found = 0
  const rounds = Array.from({ length: 15 }, () => {
    const before = process.cpuUsage()
    for (let turn = 0; turn < 5; turn += 1) for (const token of tokens) found += set.find(token) === undefined ? 0 : 1
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (5 * tokens.length)
  })
  if (found > 0) throw new Error('a token was found that is not revoked')
  return { entries, bytes: set.byteLength / entries, micros: median(rounds.slice(3)) }
}
