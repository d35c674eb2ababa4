import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswordHasher } from './password-hasher.ts'

test('hashes with Argon2id at no less than the advised cost, and checks', async () => {
  const hasher = createPasswordHasher()
  const passwordHash = await hasher.hash('a quite long password')
  assert.match(passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.ok(await hasher.verify('a quite long password', passwordHash))
  assert.ok(!(await hasher.verify('another password', passwordHash)))
})

test('an unknown account is never a match, not even with the password of the decoy', async () => {
  const hasher = createPasswordHasher()
  for (const password of ['', 'no password has this hash', 'a'])
    assert.equal(await hasher.verify(password, undefined), false)
})

test('refuses at once when the queue is full, and goes on when it is not', async () => {
  const hasher = createPasswordHasher({ concurrency: 1, maxQueueLength: 3 })
  await hasher.verify('warm up', undefined)
  const calls = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.hash('a password')))
  const refused = calls.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  assert.equal(refused.length, 10 - 4)
  for (const { reason } of refused) assert.deepEqual([reason.code, reason.retryAfter], ['temporarily_unavailable', 1])
  assert.match(await hasher.hash('a password'), /^\$argon2id\$/)
})

test('a hash that is damaged fails without blocking the queue', async () => {
  const hasher = createPasswordHasher({ concurrency: 1 })
  await assert.rejects(hasher.verify('a password', 'nonsense'))
  assert.ok(await hasher.verify('a password', await hasher.hash('a password')))
})
