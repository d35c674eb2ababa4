import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Finds a port of 127.0.0.1 that nobody listens on. It is below those that the system gives to connections, one of which might otherwise
 * take it before it is used, or while what listens on it is restarted.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
