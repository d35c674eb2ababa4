import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { storeInFile } from './node/node.ts'
import { createRecord, type RefreshTokenStorage, storeInMemory } from './refresh-token-record.ts'
import { dangerouslyStoreInLocalStorage, type KeyValueStorage, storeIn } from './storage/storage.ts'

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-client-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function keyValue(): KeyValueStorage & { items: Map<string, string> } {
  const items = new Map<string, string>()
  return {
    items,
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
  }
}

const storages: [string, (t: TestContext) => RefreshTokenStorage][] = [
  ['memory', () => storeInMemory()],
  ['React Native', () => storeIn(keyValue())],
  ['a file', (t) => storeInFile(join(newFolder(t), 'session'))],
]

for (const [name, open] of storages) {
  test(`${name} has what was written last, until it is removed`, async (t) => {
    const storage = open(t)
    assert.equal((await storage.read()) ?? undefined, undefined)
    await storage.remove()
    await storage.write('one')
    await storage.write('two')
    assert.equal(await storage.read(), 'two')
    await storage.remove()
    assert.equal((await storage.read()) ?? undefined, undefined)
  })
}

test('a file is for its owner alone, and is replaced whole', async (t) => {
  const folder = newFolder(t)
  const path = join(folder, 'session')
  const storage = storeInFile(path)
  await storage.write('one')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await storage.write('two')
  assert.deepEqual(readdirSync(folder), ['session'])
  writeFileSync(join(folder, 'x'), '')
  await assert.rejects(async () => storeInFile(join(folder, 'x', 'y')).read(), /ENOTDIR/)
})

test('localStorage is shared with the other tabs, under its key', (t) => {
  const items = keyValue()
  Object.defineProperty(globalThis, 'localStorage', { value: items, configurable: true })
  t.after(() => Reflect.deleteProperty(globalThis, 'localStorage'))
  const storage = dangerouslyStoreInLocalStorage('mine')
  void storage.write('one')
  assert.deepEqual([[...items.items], storage.sharedAs], [[['mine', 'one']], 'localStorage mine'])
})

describe('a record', () => {
  const always = () => true

  test('takes the successor within a session, whatever is there by now', async () => {
    const record = createRecord(storeInMemory())
    await record.put('a', 'session1')
    assert.equal(await record.replace('a', 'b', 'session1', always), true)
    assert.equal(await record.replace('a', 'c', 'session1', always), true)
    assert.equal(await record.read(), 'c')
  })

  test('is not written when the answer repeats what was sent or what is there', async () => {
    let writes = 0
    const memory = storeInMemory()
    const write = (text: string) => {
      writes += 1
      return memory.write(text)
    }
    const record = createRecord({ ...memory, write })
    await record.put('a', 's')
    assert.equal(await record.replace('a', 'a', 's', always), true)
    await record.put('b', 's')
    assert.equal(await record.replace('a', 'a', 's', always), true)
    assert.equal(await record.replace('a', 'b', 's', always), true)
    assert.deepEqual([await record.read(), writes], ['b', 2])
  })

  test('keeps the token of another session, and stays empty when it was emptied', async () => {
    const record = createRecord(storeInMemory())
    await record.put('a', 'other')
    assert.equal(await record.replace('x', 'y', 's', always), false)
    assert.equal(await record.forget('x', always), false)
    assert.equal(await record.read(), 'a')
    assert.equal(await record.clear(), 'a')
    assert.equal(await record.replace('x', 'y', 's', always), false)
    assert.equal(await record.read(), undefined)
    assert.equal(await record.forget('x', always), true)
  })

  test('is left alone by what is void', async () => {
    const record = createRecord(storeInMemory())
    await record.put('a', 's')
    await record.replace('a', 'b', 's', () => false)
    await record.forget('a', () => false)
    assert.equal(await record.read(), 'a')
  })

  test('is asked one thing at a time, in order, also after a failure', async () => {
    const order: string[] = []
    const memory = storeInMemory()
    const record = createRecord({
      ...memory,
      async write(text) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push(text)
        if (text.startsWith('bad')) throw new Error('full')
        await memory.write(text)
      },
    })
    const results = await Promise.allSettled([record.put('bad', 's'), record.put('b', 's'), record.read()])
    assert.deepEqual(order, ['bad s', 'b s'])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    )
    assert.deepEqual(results[2], { status: 'fulfilled', value: 'b' })
  })
})
