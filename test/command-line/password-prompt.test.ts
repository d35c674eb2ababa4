import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { openSqliteStore } from '@countersign/server'
import { requires } from '../requires.ts'

const main = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'src', 'main.ts')
const skip = requires('bsdutils')
const password = 'a quite long password'

/** Runs `admin create` on a terminal of its own, and types each answer once it is asked for. Gives all that the terminal has shown. */
async function createAdministrator(t: TestContext, answers: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-prompt-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = openSqliteStore({ path: join(folder, 'countersign.db') })
  t.after(() => store.close())
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const command = `"${process.execPath}" --conditions=@countersign/source "${main}" admin create --email ada@example.com`
  const child = spawn(
    '/usr/bin/script',
    ['--quiet', '--return', '--echo', 'always', '--command', command, '/dev/null'],
    {
      env: { PATH, HOME, COUNTERSIGN_TEST_RUN, COUNTERSIGN_DATA_DIR: folder },
      timeout: 30_000,
    },
  )
  t.after(() => void child.kill('SIGKILL'))
  let shown = ''
  let answered = 0
  child.stdout.on('data', (chunk) => {
    shown += chunk
    const asked = shown.match(/(Password|Once more)[^\n]*: /g)?.length ?? 0
    for (; answered < Math.min(asked, answers.length); answered++) child.stdin.write(answers[answered] ?? '')
  })
  await once(child, 'close')
  return { code: child.exitCode, shown, account: await store.findCredentials('ada@example.com') }
}

test('asks for a password twice at a terminal, and shows it never', { skip }, async (t) => {
  const { code, shown, account } = await createAdministrator(t, [`${password}\r`, `${password}\r`])
  assert.equal(code, 0, shown)
  assert.deepEqual(account?.roles, ['admin'])
  assert.ok(!shown.includes(password))
  assert.doesNotMatch(shown, /was made here/)
})

test('refuses two passwords that differ', { skip }, async (t) => {
  const { code, shown, account } = await createAdministrator(t, [`${password}\r`, 'another long password\r'])
  assert.equal(code, 1)
  assert.match(shown, /The two passwords differ/)
  assert.equal(account, undefined)
})

test('makes a password when none is typed', { skip }, async (t) => {
  const { code, shown } = await createAdministrator(t, ['\r'])
  assert.equal(code, 0)
  assert.match(shown, /password {2}[\w-]{24}/)
})

test('does nothing when the question is broken off', { skip }, async (t) => {
  for (const key of ['\u0003', '\u0004']) {
    const { code, shown, account } = await createAdministrator(t, [key])
    assert.equal(code, 1)
    assert.match(shown, /No password was given; nothing is done/)
    assert.equal(account, undefined)
  }
})
