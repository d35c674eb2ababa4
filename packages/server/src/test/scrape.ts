/** Reads what there is to scrape. */

/** The samples of a text that Prometheus reads: `name{labels}` and its value. */
export type Samples = ReadonlyMap<string, number>

export function readSamples(text: string): Samples {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), toNumber(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

function toNumber(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)
}

/** What has grown from one scrape to the next, and by how much: those of a name that begins like this. */
export function grown(before: Samples, after: Samples, prefix: string): Record<string, number> {
  const found = [...after].flatMap(([name, value]) => {
    const by = value - (before.get(name) ?? 0)
    return name.startsWith(prefix) && by !== 0 ? [[name.slice(prefix.length), by] as const] : []
  })
  return Object.fromEntries(found)
}
