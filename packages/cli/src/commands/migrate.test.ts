import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { newFolder, run } from '../test/command.ts'

/** What takes connections in place of a database. */
async function startListener(t: TestContext, take: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    take(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address?.port}`
}

test('a database that breaks off or is silent: one sentence that names it, no password, exit 3', async (t) => {
  const broken = await startListener(t, (socket) => socket.once('data', () => socket.destroy()))
  const silent = await startListener(t, () => {})
  const end = 'Steps that were taken stay taken: once it can be used, run countersign migrate again.\n'
  for (const [place, why] of [
    [broken, /the connection to PostgreSQL broke \(.*\)/],
    [silent, /PostgreSQL has not answered within 10 seconds/],
  ] as const) {
    const env = {
      COUNTERSIGN_DATABASE_URL: `postgres://user:hunter2@${place}/none`,
      COUNTERSIGN_DATA_DIR: newFolder(t),
    }
    const { code, stdout, stderr } = await run(['migrate'], env)
    assert.deepEqual([code, stdout], [3, ''])
    assert.match(stderr, why)
    assert.ok(stderr.startsWith(`The database postgres://${place}/none could not be used: `), stderr)
    assert.ok(stderr.endsWith(end) && !stderr.includes('hunter2'), stderr)
  }
})
