/**
 * Lets a few through at a time under one key, the others after them in turn. What has to be counted before the next is let in cannot be
 * overtaken: without it, a thousand passwords that come at once would all be judged before the first is counted as wrong.
 */

/** How many at a time. */
const width = 4
const mostWaiting = 100

interface Passage {
  inside: number
  readonly waiting: (() => void)[]
}

export interface Gate {
  /** Waits for a turn; the answer ends it. `undefined` if too many wait already. */
  enter(key: string): Promise<(() => void) | undefined>
}

export function createGate(): Gate {
  const passages = new Map<string, Passage>()

  return {
    async enter(key) {
      const passage = passages.get(key) ?? { inside: 0, waiting: [] }
      passages.set(key, passage)
      if (passage.inside >= width) {
        if (passage.waiting.length >= mostWaiting) return undefined
        await new Promise<void>((resolve) => void passage.waiting.push(resolve))
      } else passage.inside++
      return () => {
        const next = passage.waiting.shift()
        if (next !== undefined) return next()
        passage.inside--
        if (passage.inside === 0) passages.delete(key)
      }
    },
  }
}
