// A server with the revocation feed, which revokes a token when it is told to and says when that was committed.
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createAuthorizationServer, createNodeServer, openSqliteStore, registerClient } from '@countersign/server'

const [path = ':memory:'] = process.argv.slice(2)
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const store = openSqliteStore({ path })
const issuer = 'http://127.0.0.1'
const server = createAuthorizationServer({ issuer, store, masterKey: randomBytes(32), log: silent })
await server.ready()
const act = { actor: 'bench', reason: '' }
const client = await registerClient(store, { name: 'readers', scope: ['revocations:read'] }, act, randomBytes)
const http = createNodeServer(server)
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port, client }))

process.on('message', async (jti: string) => {
  await store.revoke({ kind: 'token', jti }, act)
  process.send?.({ jti, committedAt: performance.timeOrigin + performance.now() })
})
process.on('disconnect', () => process.exit())
