import { digits, type Table } from '../report.ts'
import { median } from '../statistics.ts'
import type { MeasuredOperation, RoundResult } from './round.ts'
import { algorithms } from './subject.ts'

const bare = 'bare node:crypto'
const ours = '@countersign/token'
const payload = 'Payload of about 441 bytes; signature, algorithm, iss, aud, exp and nbf checked; keys imported before.'
const notes = [
  'CPU µs for one operation, in all threads, and in brackets its ratio to the bare operation; median of rounds, each a process of its own.',
  `${payload} No cache of verified tokens. 64 tokens take turns.`,
  'Bare is node:crypto alone, with keys imported and bytes decoded before, ECDSA signatures in DER, and a key for PS256 that carries its parameters.',
  'jose works with promises only: 32 are under way at once, and its work in other threads counts.',
]

const headings: Record<MeasuredOperation, { title: string; reference: string; notes: string[] }> = {
  verify: { title: 'Verify', reference: bare, notes },
  verifyAgain: {
    title: 'Verify what was verified a moment ago',
    reference: ours,
    notes: [
      `CPU µs for one operation, and in brackets its ratio to ${ours}; median of rounds, each a process of its own.`,
      `${payload} Libraries with a cache of verified tokens, for 1000 of them. 64 tokens take turns, the text of each made anew.`,
    ],
  },
  sign: { title: 'Sign', reference: bare, notes },
}

/** Makes the table of one operation: a row for each library, a column for each algorithm. */
export function operationTable(operation: MeasuredOperation, rounds: RoundResult[]): Table {
  const names = [...new Set(rounds.flatMap((round) => algorithms.flatMap((alg) => Object.keys(round[operation][alg]))))]
  const order = (name: string) => (name === bare ? 0 : name === ours ? 1 : 2)
  const { title, reference, notes } = headings[operation]
  const rows = names
    .sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
    .map((name) => [
      name,
      ...algorithms.map((alg) =>
        cell(
          rounds.map((round) => round[operation][alg]),
          name,
          reference,
        ),
      ),
    ])
  return { title, columns: [operation === 'sign' ? 'sign' : 'verify', ...algorithms], rows: rows.filter(hasAny), notes }
}

/** The ratio is that of each round, so that what slowed both of them down does not count. */
function cell(rounds: Record<string, number>[], name: string, reference: string): string {
  const values = rounds.flatMap((round) => round[name] ?? [])
  if (values.length === 0) return '–'
  const ratio = median(rounds.map((round) => (round[name] ?? Number.NaN) / (round[reference] ?? Number.NaN)))
  return `${digits(median(values))} (${ratio.toFixed(2)})`
}

function hasAny(row: string[]): boolean {
  return row.slice(1).some((text) => text !== '–')
}
