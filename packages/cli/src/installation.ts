/** The database behind a command, open as long as the command needs it. */
import { normalizeEmail, openInstallation } from '@countersign/server/administration'
import type { Terminal } from './terminal.ts'

type Installation = Awaited<ReturnType<typeof openInstallation>>

/** Runs an act on the database that the environment names. @throws when there is none, or it cannot be used */
export async function withInstallation<Result>(
  { env }: Terminal,
  act: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation = await openInstallation(env)
  try {
    return await act(installation)
  } finally {
    await installation.store.close()
  }
}

/** Finds the user behind an id or an e-mail address. An address that has no account is taken for an id: some applications have such. */
export async function findUserId(store: Installation['store'], idOrEmail: string): Promise<string> {
  const account = idOrEmail.includes('@') ? await store.findCredentials(normalizeEmail(idOrEmail)) : undefined
  return account?.id ?? idOrEmail
}
