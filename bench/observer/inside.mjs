// Runs inside a server that is measured, before its program: keeps how late its event loop is and how full its heap, and answers when
// it is asked for them. Plain JavaScript, so that the server pays for no TypeScript.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

const resolution = 2
const delays = monitorEventLoopDelay({ resolution })
delays.enable()
let leastHeap = Number.POSITIVE_INFINITY
// Garbage comes and goes several times a second; what is left after it went is what counts.
setInterval(() => {
  leastHeap = Math.min(leastHeap, getHeapStatistics().used_heap_size)
}, 50).unref()

process.on('message', (question) => {
  if (question === 'collect') globalThis.gc?.()
  process.send?.(question === 'delays' ? readDelays() : readHeap(question === 'collect'))
})

function readDelays() {
  // The histogram has the time from one turn to the next, and a turn that is not late comes after the resolution.
  const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution)
  const read = { p50: late(delays.percentile(50)), p99: late(delays.percentile(99)), worst: late(delays.max) }
  delays.reset()
  return read
}

function readHeap(/** @type {boolean} */ isCollected) {
  const bytes = isCollected ? getHeapStatistics().used_heap_size : leastHeap
  leastHeap = Number.POSITIVE_INFINITY
  return bytes
}
