/** A password hasher whose work is timed and traced, as seen from outside. */
import type { PasswordHasher } from '../accounts/password-hasher.ts'
import type { Meter } from './meter.ts'
import type { Tracer } from './tracer.ts'

/** Puts observers around a hasher. */
export function observeHasher(hasher: PasswordHasher, meter: Meter, tracer: Tracer | undefined): PasswordHasher {
  async function observe<Result>(work: () => Promise<Result>): Promise<Result> {
    const began = performance.now()
    try {
      return await (tracer === undefined ? work() : tracer.trace('password hash', work))
    } finally {
      meter.passwordHashed((performance.now() - began) / 1000)
    }
  }

  return {
    hash: (password) => observe(() => hasher.hash(password)),
    verify: (password, passwordHash) => observe(() => hasher.verify(password, passwordHash)),
    waiting: hasher.waiting,
  }
}
