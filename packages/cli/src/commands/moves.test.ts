import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newFolder, newInstallation, run, runJson } from '../test/command.ts'

describe('restore-complete', () => {
  test('ends every session and token of before, and nobody has to stop the server', async (t) => {
    const { env, call, signUp } = await newInstallation(t)
    const { accessToken, refreshToken } = await signUp()
    const told = await runJson(['restore-complete', '--reason', 'disk lost'], env)
    assert.deepEqual(told, { restored: true, sessions_ended: true })
    assert.equal((await call('/api/auth/refresh', { refreshToken })).status, 401)
    assert.equal((await call('/api/auth/me', undefined, accessToken)).status, 401)
    assert.equal((await call('/api/auth/refresh', { refreshToken: (await signUp()).refreshToken })).status, 200)
  })

  test('keeps them where an operator says so, in so many words', async (t) => {
    const { env, call, signUp, store } = await newInstallation(t)
    const { refreshToken } = await signUp()
    const { code, stdout } = await run(['restore-complete', '--keep-sessions', '--reason', 'moved'], env)
    assert.deepEqual([code, stdout], [0, 'The servers may be started. Sessions are those of the backup.\n'])
    assert.equal((await call('/api/auth/refresh', { refreshToken })).status, 200)
    const [line] = await store.listAudit(undefined, 1)
    assert.deepEqual([line?.event, line?.subject, line?.reason], ['restore.complete', 'sessions kept', 'moved'])
  })

  test('makes no database', async (t) => {
    const { code, stderr } = await run(['restore-complete'], { COUNTERSIGN_DATA_DIR: newFolder(t) })
    assert.equal(code, 3)
    assert.match(stderr, /There is no database/)
  })
})

describe('copy', () => {
  test('asks for both databases, and for one of each kind', async (t) => {
    const folder = newFolder(t)
    const to = ['--to', 'postgres://user:hunter2@127.0.0.1:1/none']
    for (const [words, code, message] of [
      [['copy', ...to], 2, /--from/],
      [['copy', '--from', 'sqlite:x', '--to', 'sqlite:y'], 2, /--to must be postgres/],
      [['copy', '--from', `sqlite:${folder}/none.db`, ...to], 3, /There is no database/],
    ] as const) {
      const ended = await run(words, {})
      assert.equal(ended.code, code, ended.stderr)
      assert.match(ended.stderr, message)
      assert.ok(!`${ended.stdout}${ended.stderr}`.includes('hunter2'))
    }
  })
})
