// Owns the form of the results: plain tables on stdout, and Markdown and JSON in results/. Nothing in them tells whose
// machine it was but its processor.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'

export interface Table {
  title: string
  columns: string[]
  /** The first cell of a row is its name. */
  rows: string[][]
  /** What must be known to read it, one sentence or two each. */
  notes: string[]
}

export interface Report {
  /** The name of its files. */
  part: string
  title: string
  tables: Table[]
  /** What every round measured, by what was measured and for whom. */
  measurements: unknown
}

const folder = join(import.meta.dirname, 'results')

/** Prints the tables, and writes them to results/ unless the run was too short to be kept. */
export function publish(report: Report, { keep }: { keep: boolean }): void {
  for (const table of report.tables) console.log(`\n${asText(table)}`)
  if (keep) write(report)
  else console.log('\nA short run: nothing was written to bench/results.')
}

function write({ part, title, tables, measurements }: Report): void {
  const circumstances = {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    processor: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`,
  }
  mkdirSync(folder, { recursive: true })
  const head = `# ${title}\n\n${circumstances.date}, Node ${circumstances.node}, ${circumstances.processor}. See ../README.md.\n`
  writeFileSync(join(folder, `${part}.md`), [head, ...tables.map(asMarkdown)].join('\n'))
  writeFileSync(join(folder, `${part}.json`), `${asJson({ title, ...circumstances, tables, measurements })}\n`)
  console.log(`\nWritten to bench/results/${part}.md and ${part}.json.`)
}

/** Tells the installed version of a peer. */
export function versionOf(packageName: string): string {
  const manifest = readFileSync(join(import.meta.dirname, 'node_modules', packageName, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** Writes a number with as many digits as mean something. */
export function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function asText({ title, columns, rows, notes }: Table): string {
  const lines = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  return [title, '', ...text, '', ...notes.map((note) => `- ${note}`)].join('\n')
}

function asMarkdown({ title, columns, rows, notes }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rule = columns.map((_, column) => (column === 0 ? '---' : '---:'))
  return [
    `## ${title}`,
    '',
    line(columns),
    line(rule),
    ...rows.map(line),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n')
}

function asJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'number' ? Number(part.toPrecision(4)) : part), 2)
}
