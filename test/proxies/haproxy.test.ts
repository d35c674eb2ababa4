// haproxy, with the file under deploy/, which verifies tokens itself with keys that a command of the documentation writes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { forge } from '../examples/forged-token.ts'
import { audience, type LiveIssuer, startLiveIssuer } from '../examples/live-issuer.ts'
import { requires } from '../requires.ts'
import { startApplication } from './application.ts'
import { bearer, describeProxy } from './conformance.ts'
import { type RunningProxy, startProxy } from './proxy.ts'
import { send } from './raw-request.ts'
import { makeReadableFolder } from './readable-folder.ts'
import { testTokens, usersOf } from './token-table.ts'

const root = join(import.meta.dirname, '../..')
const keyLine = (file: string) => `  acl is_signed       var(txn.token),jwt_verify(ES256,"${file}") 1`

let issuer: LiveIssuer
let keyFiles: string[]

describeProxy({
  title: 'haproxy, which verifies tokens itself,',
  skip: requires('haproxy'),
  tellsRoles: false,
  async start() {
    issuer = await startLiveIssuer()
    const application = await startApplication()
    const folder = makeReadableFolder()
    await writeKeys(issuer.url, folder.path)
    keyFiles = readdirSync(folder.path).map((name) => join(folder.path, name))
    const proxy = await startHaproxy(application.port, keyFiles)
    return {
      application,
      port: proxy.port,
      ...usersOf(issuer),
      async stop() {
        await proxy.stop()
        folder.remove()
        application.close()
        await issuer.stop()
      },
    }
  },
  more(guarded) {
    testTokens(guarded, () => issuer, ['whose expiry is a text', 'whose kid is no text'])

    const statusOf = async (claims: Record<string, unknown>, path = '/') => {
      const accessToken = forge(issuer.fresh, issuer.signer, {}, claims)
      return (await send({ port: guarded().port, path, headers: [bearer({ accessToken })] })).status
    }

    test('finds a role among the first four, as its documentation says', async () => {
      const roles = ['a', 'b', 'c', 'admin']
      assert.equal(await statusOf({ roles }, '/admin'), 200)
      assert.equal(await statusOf({ roles: ['x', ...roles] }, '/admin'), 403)
    })

    test('finds its audience among the first two, as its documentation says', async () => {
      assert.equal(await statusOf({ aud: ['https://other.example.com', audience] }), 200)
      assert.equal(await statusOf({ aud: ['a', 'https://other.example.com', audience] }), 401)
    })

    test('reads numbers in texts, and no start that is none, as its documentation says', async () => {
      const now = Math.floor(Date.now() / 1000)
      assert.equal(await statusOf({ exp: String(now - 60) }), 401)
      assert.equal(await statusOf({ exp: 'never' }), 401)
      assert.equal(await statusOf({ nbf: String(now + 60) }), 401)
      assert.equal(await statusOf({ nbf: 'soon' }), 200)
    })

    test('reads the files of the keys when it starts, and not again', async () => {
      const { application, user, admin } = guarded()
      const [live, , published] = keyFiles.map((file) => readFileSync(file))
      const folder = makeReadableFolder()
      const file = join(folder.path, '1.pem')
      const statuses = async ({ port }: RunningProxy) =>
        Promise.all([user, admin].map(async (one) => (await send({ port, headers: [bearer(one)] })).status))
      writeFileSync(file, live ?? '')
      const before = await startHaproxy(application.port, [file])
      writeFileSync(file, published ?? '')
      const after = await startHaproxy(application.port, [file])
      try {
        assert.deepEqual(await statuses(before), [200, 401])
        assert.deepEqual(await statuses(after), [401, 200])
      } finally {
        for (const proxy of [before, after]) await proxy.stop()
        folder.remove()
      }
    })

    test('lets nobody in without the files of the keys', async () => {
      const { application } = guarded()
      const proxy = await startHaproxy(application.port, ['/nowhere/key.pem'])
      try {
        const confused = forge(issuer.fresh, { ...issuer.signer, alg: 'HS256' })
        for (const accessToken of [issuer.fresh, confused])
          assert.equal((await send({ port: proxy.port, headers: [bearer({ accessToken })] })).status, 401)
      } finally {
        await proxy.stop()
      }
    })
  },
})

function startHaproxy(application: number, files: string[]): Promise<RunningProxy> {
  return startProxy('haproxy', {
    '127.0.0.1:3000': `127.0.0.1:${application}`,
    [[1, 2, 3].map((number) => keyLine(`/etc/haproxy/countersign/${number}.pem`)).join('\n')]: files
      .map(keyLine)
      .join('\n'),
    'https://auth.example.com': issuer.url,
    'https://app.example.com': audience,
  })
}

/** Runs the command of the documentation, with other places. */
async function writeKeys(url: string, folder: string): Promise<void> {
  const page = readFileSync(join(root, 'docs/without-typescript.md'), 'utf8')
  const command = /```sh\n([^`]*exportPublicPem[\s\S]*?)```/.exec(page)?.[1] ?? ''
  const places = [
    ['https://auth.example.com', url],
    ['/etc/haproxy/countersign', folder],
  ] as const
  for (const [place] of places) assert.ok(command.includes(place))
  const script = places.reduce((text, [place, other]) => text.replaceAll(place, other), command)
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NODE_OPTIONS: '--conditions=@countersign/source',
  }
  await promisify(execFile)('/bin/sh', ['-c', script], { cwd: root, env, timeout: 20_000 })
}
