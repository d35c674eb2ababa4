// How long a start takes and what it costs, with the data of an earlier start in the folder.
import { join } from 'node:path'
import { inTurn } from '../statistics.ts'
import type { Contender } from './contender.ts'
import { compared } from './contenders/compared.ts'
import { countersignFromSource } from './contenders/countersign.ts'
import { startServer } from './server-process.ts'

export interface Start {
  milliseconds: number
  cpuMilliseconds: number
  megabytes: number
}

/** Starts each server `count` times, in turn, after once that is not measured: it makes the database and fills caches. */
export async function measureStarts(count: number, folder: string): Promise<Record<string, Start[]>> {
  const contenders = [...compared.slice(0, 1), countersignFromSource, ...compared.slice(1)]
  const starts: Record<string, Start[]> = {}
  for (const contender of contenders) {
    await startOnce(contender, folder)
    starts[contender.name] = []
  }
  for (let round = 0; round < count; round++) {
    console.error(`Starts, ${round + 1} of ${count}.`)
    for (const contender of inTurn(contenders, round)) starts[contender.name]?.push(await startOnce(contender, folder))
  }
  return starts
}

async function startOnce(contender: Contender, folder: string): Promise<Start> {
  const server = await startServer(contender, join(folder, `start-${contender.name.replaceAll(' ', '-')}`))
  await server.stop()
  const { cpuMicroseconds, residentMegabytes } = server.useAtStart
  return { milliseconds: server.startTime, cpuMilliseconds: cpuMicroseconds / 1000, megabytes: residentMegabytes }
}
