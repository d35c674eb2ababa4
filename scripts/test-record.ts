import type { TestEvent } from 'node:test/reporters'

/** What `npm test` must know of a finished test beyond what the spec reporter prints. */
export interface TestRecord {
  name: string
  file: string
  skipped?: string
  todo?: string
  empty?: true
}

/**
 * Writes one JSON line for each test that was skipped or is still to be done, and for each file without a test: a reporter for
 * `node --test`. The last line is the number of tests that ran.
 */
// biome-ignore lint/style/noDefaultExport: node --test takes a reporter's default export
export default async function* recordTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let ran = 0
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, file = '', skip, todo, details } = event.data
    const record: TestRecord = { name, file }
    if (skip) record.skipped = reason(skip)
    if (todo) record.todo = reason(todo)
    // A file in which no test is declared passes under its own path.
    if (event.type === 'test:pass' && /\.test\.ts$/.test(name) && file.endsWith(name)) record.empty = true
    else if (details.type !== 'suite' && record.skipped === undefined) ran++
    if (record.skipped !== undefined || record.todo !== undefined || record.empty) yield `${JSON.stringify(record)}\n`
  }
  yield `${ran}\n`
}

function reason(given: string | boolean): string {
  return typeof given === 'string' && given !== '' ? given : 'no reason given'
}
