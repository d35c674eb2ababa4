import type { MarkedProcess } from './marked-processes.ts'
import type { TestRecord } from './test-record.ts'

export interface RunFacts {
  /** Processes that the tests started and did not end. */
  leftBehind: MarkedProcess[]
  /** Whether a skipped test fails the run. */
  requireAll: boolean
  /** Whether options of node:test may have left out every test of a file. */
  filtered: boolean
}

/** Prints which tests were skipped and why, and returns in sentences what fails a run besides a failed test. */
export function judgeRecord(text: string, facts: RunFacts, print: (line: string) => void): string[] {
  const lines = text.trimEnd().split('\n')
  const ran = Number(lines.pop())
  const records = lines.map((line) => JSON.parse(line) as TestRecord)
  const skipped = records.filter(({ skipped }) => skipped !== undefined)
  const problems: string[] = []

  reportSkipped(skipped, print)
  if (facts.requireAll && skipped.length > 0) {
    problems.push(`${count(skipped.length, 'test')} skipped, and COUNTERSIGN_TEST_REQUIRE=all wants every one to run.`)
  }
  for (const { name, file, todo } of records) {
    if (todo !== undefined) problems.push(`A test is still to be done: ${name} (${file})`)
  }
  for (const { name, empty } of records) {
    if (empty && !facts.filtered) problems.push(`A test file declares no test: ${name}`)
  }
  for (const { pid, command } of facts.leftBehind) {
    problems.push(`A process outlived the tests and had to be ended: ${pid} ${command}`)
  }
  // Also when there is no record: then the runner did not come to its end.
  if (!(ran > 0 || skipped.length > 0)) problems.push('No test ran.')
  return problems
}

function reportSkipped(skipped: TestRecord[], print: (line: string) => void): void {
  if (skipped.length === 0) return
  print(`\nSkipped: ${count(skipped.length, 'test')}`)
  const byReason = Map.groupBy(skipped, (record) => record.skipped)
  for (const [reason, records] of byReason) print(`  ${reason} (${count(records.length, 'test')})`)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
