// Redis over TLS: the certificate is verified.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findFreePort } from '../examples/running-program.ts'
import { startRedis, until } from '../feed/running-redis.ts'
import { requires } from '../requires.ts'

async function startServer(
  t: TestContext,
  folder: string,
  env: Record<string, string>,
): Promise<() => Promise<string>> {
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const port = await findFreePort()
  const main = join(import.meta.dirname, '../../packages/server/src/main.ts')
  const child: ChildProcess = spawn(process.execPath, ['--conditions=@countersign/source', main, 'dev'], {
    env: {
      PATH,
      HOME,
      COUNTERSIGN_TEST_RUN,
      PORT: String(port),
      COUNTERSIGN_DATA_DIR: join(folder, String(port)),
      ...env,
    },
    stdio: 'ignore',
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    return answer === undefined ? '' : ((await answer.json()) as { checks: { redis: string } }).checks.redis
  }
}

test('is asked over TLS where its certificate can be verified, and not at all where it cannot', {
  skip: requires('redis-server', 'openssl'),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tls-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis -addext subjectAltName=IP:127.0.0.1'.split(
    ' ',
  )
  assert.equal(spawnSync('/usr/bin/openssl', [...words, '-keyout', key, '-out', certificate]).status, 0)
  const tlsPort = String(await findFreePort())
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  const redis = await startRedis('--tls-port', tlsPort, '--tls-auth-clients', 'no', ...files)
  t.after(async () => {
    await redis.end()
    rmSync(folder, { recursive: true, force: true })
  })

  const COUNTERSIGN_REDIS_URL = `rediss://127.0.0.1:${tlsPort}`
  const trusting = await startServer(t, folder, { COUNTERSIGN_REDIS_URL, NODE_EXTRA_CA_CERTS: certificate })
  const strange = await startServer(t, folder, { COUNTERSIGN_REDIS_URL })
  await until('the one that can verify it asks', async () => (await trusting()) === 'ready')
  await until('the other is up', async () => (await strange()) === 'away')
})
