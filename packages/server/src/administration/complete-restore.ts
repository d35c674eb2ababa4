/** What an operator says after a database was put back from a backup. */
import { randomBytes } from 'node:crypto'
import type { Act, RevocationStore } from '../store/revocation-store.ts'

/**
 * Begins a new history of revocations, so that verifiers keep what they knew beside what the backup says, and ends every session and
 * token of before: nobody can tell which of them had been ended since the backup. Kept sessions are what the backup says they are.
 */
export async function completeRestore(
  store: Pick<RevocationStore, 'completeRestore'>,
  keepsSessions: boolean,
  act: Act,
): Promise<void> {
  await store.completeRestore(randomBytes(12).toString('base64url'), keepsSessions, act)
}
