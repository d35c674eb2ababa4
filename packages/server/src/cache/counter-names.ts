/** Under which names counters are kept: nothing of an address, of a mailbox or of a token can be read or searched for in them. */
import { createHmac, hkdfSync } from 'node:crypto'

export type NameCounter = (...parts: readonly string[]) => string

/** Makes names with a key of its own out of the master key, which all servers share. */
export function createCounterNames(masterKey: Uint8Array): NameCounter {
  const key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'countersign counter names', 32))
  return (...parts) => createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
