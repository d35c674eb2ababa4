// Measures libraries for tokens side by side. Started by scripts/bench.ts, which has installed and built what it needs.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { onStop } from '../../scripts/run-command.ts'
import { publish } from '../report.ts'
import type { RoundResult } from './round.ts'
import { operationTable } from './tables.ts'

const isQuick = process.argv.includes('--quick')
const plan = isQuick ? { rounds: 2, sliceLength: 15_000, slices: 3 } : { rounds: 7, sliceLength: 40_000, slices: 5 }
const longestRound = 5 * 60_000

let current: ChildProcess | undefined
onStop(() => process.exit(1))
process.on('exit', () => current?.kill('SIGKILL'))

const rounds: RoundResult[] = []
for (let round = 0; round < plan.rounds; round++) {
  console.error(`Round ${round + 1} of ${plan.rounds}.`)
  rounds.push(await runRound(round))
}
const tables = [operationTable('verify', rounds), operationTable('verifyAgain', rounds), operationTable('sign', rounds)]
publish(
  { part: 'tokens', title: 'Libraries for tokens side by side', tables, measurements: rounds },
  { keep: !isQuick },
)

function runRound(round: number): Promise<RoundResult> {
  const child = fork(join(import.meta.dirname, 'round.ts'), [round, plan.sliceLength, plan.slices].map(String), {
    timeout: longestRound,
  })
  current = child
  return new Promise((resolve, reject) => {
    let result: RoundResult | undefined
    child.once('error', reject)
    child.once('message', (message) => {
      result = message as RoundResult
    })
    child.once('exit', (code, signal) => {
      if (result && code === 0) resolve(result)
      else reject(new Error(`A round ended with ${code ?? signal} and without a result.`))
    })
  })
}
