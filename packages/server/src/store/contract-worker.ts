/** A process of its own that works on the database of a contract test, and tells on stdout what has been acknowledged. */
import { writeSync } from 'node:fs'
import { type Job, newSession, type StoreFixture } from './store.contract.ts'

const [fixtureUrl = '', location = '', job = ''] = process.argv.slice(2)
const fixture = (await import(fixtureUrl)) as StoreFixture
const store = await fixture.openAt(location)
await run(JSON.parse(job, (_, value) => (value?.base64 ? Buffer.from(value.base64, 'base64') : value)))
await store.close()

async function run(task: Job): Promise<void> {
  if (task.kind === 'refresh') {
    for (let time = 0; time < task.times; time++) say((await store.rotate(task.presentation)).outcome)
    return
  }
  for (let count = 0; ; count++) {
    const id = `${task.prefix}-${count}`
    const session = newSession({ userId: id, verified: { passwordVersion: 1 } })
    await store.createAccount({ id, email: `${id}@example.com`, passwordHash: 'hash' })
    await store.openSession(session)
    say(`${id}@example.com ${session.sid} acknowledged`)
  }
}

/** Written at once: a line that the parent has read was acknowledged before the kill. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
