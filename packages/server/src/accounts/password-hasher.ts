/**
 * Argon2id on the thread pool, behind a bounded queue: a storm of logins must neither fill the memory nor hold up refreshes.
 * At most `concurrency` hashes run at once; a call that finds the queue full is refused at once with 503.
 */
import { availableParallelism } from 'node:os'
import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { OAuthError } from '../oauth/oauth-error.ts'

/** OWASP's minimum for Argon2id: 19 MiB, two passes, one lane. */
/** 2 is Argon2id in the library's enumeration, which exists in its types only. */
const argon2id = { algorithm: 2 as Algorithm, memoryCost: 19456, timeCost: 2, parallelism: 1 }

export interface PasswordHasherOptions {
  /** Hashes that run at once. @default the number of processors */
  readonly concurrency?: number
  /** Calls that may wait. @default 64 for each one that runs */
  readonly maxQueueLength?: number
}

export interface PasswordHasher {
  /** Makes an Argon2id hash in PHC form. @throws OAuthError `temporarily_unavailable` when the queue is full. */
  hash(password: string): Promise<string>
  /** Checks a password; `undefined` as hash costs the same and is always false. @throws as `hash`. */
  verify(password: string, passwordHash: string | undefined): Promise<boolean>
  /** How many calls wait for their turn. */
  waiting(): number
}

export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { enqueue, waiting } = createQueue(options)
  const decoy = enqueue(() => hash('no password has this hash', argon2id))
  decoy.catch(() => {})

  return {
    hash: (password) => enqueue(() => hash(password, argon2id)),
    verify: (password, passwordHash) =>
      enqueue(async () => {
        const matches = await verify(passwordHash ?? (await decoy), password)
        return matches && passwordHash !== undefined
      }),
    waiting: () => waiting.length,
  }
}

function createQueue({
  concurrency = availableParallelism(),
  maxQueueLength = 64 * concurrency,
}: PasswordHasherOptions) {
  const waiting: (() => void)[] = []
  let running = 0

  async function enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= concurrency) {
      if (waiting.length >= maxQueueLength) {
        throw new OAuthError('temporarily_unavailable', { reason: 'the password queue is full', retryAfter: 1 })
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  return { enqueue, waiting }
}
