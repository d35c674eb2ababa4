// How long a start takes and what it costs, with the data of an earlier start in the folder.
import { join } from 'node:path'
import { inTurn } from '../statistics.ts'
import type { Launch } from './contender.ts'
import { compared } from './contenders/compared.ts'
import { countersignFromSource } from './contenders/countersign.ts'
import { startServer } from './server-process.ts'

export interface Start {
  milliseconds: number
  cpuMilliseconds: number
  megabytes: number
}

/** Starts each server that is compared `count` times, in turn. */
export function measureStarts(count: number, folder: string): Promise<Record<string, Start[]>> {
  return startLaunches([...compared.slice(0, 1), countersignFromSource, ...compared.slice(1)], count, folder)
}

/** Starts each `count` times, in turn, after once that is not measured: it makes the database and fills caches. */
export async function startLaunches(
  launches: readonly Launch[],
  count: number,
  folder: string,
): Promise<Record<string, Start[]>> {
  const starts: Record<string, Start[]> = {}
  for (const launch of launches) {
    await startOnce(launch, folder)
    starts[launch.name] = []
  }
  for (let round = 0; round < count; round++) {
    console.error(`Starts, ${round + 1} of ${count}.`)
    for (const launch of inTurn(launches, round)) starts[launch.name]?.push(await startOnce(launch, folder))
  }
  return starts
}

async function startOnce(launch: Launch, folder: string): Promise<Start> {
  const server = await startServer(launch, join(folder, `start-${launch.name.replaceAll(' ', '-')}`))
  await server.stop()
  const { cpuMicroseconds, residentMegabytes } = server.useAtStart
  return { milliseconds: server.startTime, cpuMilliseconds: cpuMicroseconds / 1000, megabytes: residentMegabytes }
}
