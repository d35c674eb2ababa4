/** Reads server-sent events as the WHATWG has them; for tests. */
export interface ReadEvent {
  readonly event: string
  readonly data: Record<string, unknown>
  readonly id: string | undefined
}

/** Reads the events of a stream, one at a time. */
export class EventReader {
  readonly #chunks: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''

  constructor(body: ReadableStream<Uint8Array>) {
    this.#chunks = body.getReader()
  }

  /** The next event; nothing when the stream has ended. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return parse(block)
      }
      const { done, value } = await this.#chunks.read()
      if (done) return undefined
      this.#text += this.#decoder.decode(value, { stream: true })
    }
  }

  /** The next event of a kind; those of other kinds are passed over. */
  async nextOf(event: string): Promise<ReadEvent> {
    for (;;) {
      const next = await this.next()
      if (next === undefined) throw new Error(`the stream ended before an event ${event}`)
      if (next.event === event) return next
    }
  }

  async close(): Promise<void> {
    await this.#chunks.cancel()
  }
}

function parse(block: string): ReadEvent {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  return { event: field('event') ?? 'message', data: JSON.parse(field('data') ?? '{}'), id: field('id') }
}
