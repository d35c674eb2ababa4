// Says what was seen of a server under a load for minutes.
import { fitTrend, judgeGrowth, type Sample } from '../../scripts/trend.ts'
import { digits, type Table } from '../report.ts'
import { quantile } from '../statistics.ts'
import type { SoakPlan, SoakResult } from './measure.ts'
import { type Kind, rates } from './mix.ts'

type Results = Readonly<Record<string, SoakResult>>

export function memoryTable(results: Results, { warmUp, duration, sampleEvery }: SoakPlan): Table {
  const rows = Object.entries(results).flatMap(([name, { resident, heap }]) => [
    memoryRow(`${name}: resident`, resident),
    memoryRow(`${name}: heap`, heap),
  ])
  const collected = Object.entries(results).map(
    ([
      name,
      {
        collected: [before, after],
      },
    ]) => `${name} ${digits(before)} MB, and at the end ${digits(after)}`,
  )
  return {
    title: 'Memory under a mixed load',
    columns: ['memory', 'MB at first', 'MB at last', 'MB an hour', '± (95 %)', 'verdict'],
    rows,
    notes: [
      `${digits(duration / 60)} minutes after a warm-up of ${digits(warmUp / 60)}. A sample each ${sampleEvery} s is the least of many readings; at first and at last are the means of a tenth of them each.`,
      'The slope is by least squares through the means of ten stretches of the samples, since samples that follow each other are not independent. A short run sees a young process: V8 and the allocator still settle, so growth in minutes is no leak yet, and no growth in minutes does not rule one out that is small.',
      `With all garbage collected the heap held, after the warm-up: ${collected.join('; ')}.`,
    ],
  }
}

function memoryRow(label: string, samples: readonly Sample[]): string[] {
  const tenth = Math.ceil(samples.length / 10)
  const mean = (part: readonly Sample[]): number => part.reduce((sum, { value }) => sum + value, 0) / part.length
  const trend = fitTrend(samples)
  return [
    label,
    digits(mean(samples.slice(0, tenth))),
    digits(mean(samples.slice(-tenth))),
    (trend.slope * 3600).toFixed(1),
    (trend.margin * 3600).toFixed(1),
    judgeGrowth(trend),
  ]
}

export function answerTable(results: Results): Table {
  const rows = Object.entries(results).flatMap(([name, { times }]) =>
    (Object.entries(times) as [Kind, readonly number[]][]).map(([kind, all]) => [
      `${name}: ${kind}`,
      String(rates[kind]),
      String(all.length),
      ...[0.5, 0.99, 0.999].map((share) => digits(quantile(all, share))),
    ]),
  )
  const skipped = Object.entries(results).map(([name, result]) => `${name} ${result.skipped}`)
  return {
    title: 'Answers meanwhile',
    columns: ['answers', 'a second', 'in all', 'p50 ms', 'p99 ms', 'p99.9 ms'],
    rows,
    notes: [
      `Every answer was looked at, and all were right. Left out, as 200 were under way: ${skipped.join(', ')}.`,
      'Times are those of the client, which shares the processors with the server.',
    ],
  }
}

export function delayTable(results: Results): Table {
  return {
    title: 'The event loop meanwhile',
    columns: ['server', 'p50 ms', 'p99 ms', 'worst ms'],
    rows: Object.entries(results).map(([name, { delays }]) => [
      name,
      ...[delays.p50, delays.p99, delays.worst].map(digits),
    ]),
    notes: ['How late the event loop is, measured inside the server (perf_hooks).'],
  }
}
