/** Logs as many lines as its parent asks for, and leaves when there is nothing more to ask. Its own stdout is the log's alone. */
import { createInterface } from 'node:readline'
import { openProcessLog } from './log-destination.ts'

const { log, leave } = openProcessLog(1, 'info')
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left--) log.info('x'.repeat(200))
  process.stderr.write(`logged ${line}\n`)
}
await leave(0)
