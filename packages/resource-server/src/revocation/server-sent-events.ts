/** Owns the reading of server-sent events: lines, fields, and the blank line that ends an event (WHATWG HTML §9.2.6). */

/** One event. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
  /** The id of this event, or the last one before it. */
  readonly id: string
}

/** No event of the feed is longer; a stream without an end of line must not fill the memory. */
const MAX_LENGTH = 16 * 1024 * 1024

/** Reads events from bytes, as they come. @throws TypeError for an event that is too long */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let fields = { event: '', data: [] as string[], id: '' }
  for await (const chunk of body) {
    onBytes()
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > MAX_LENGTH) throw new TypeError('an event is too long')
    const lines = rest.split(/\r\n|\n|\r(?=[^\n])/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line !== '') {
        readField(line, fields)
        continue
      }
      if (fields.data.length > 0)
        yield { event: fields.event || 'message', data: fields.data.join('\n'), id: fields.id }
      fields = { event: '', data: [], id: fields.id }
    }
  }
}

function readField(line: string, fields: { event: string; data: string[]; id: string }): void {
  const colon = line.indexOf(':')
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
  if (name === 'event') fields.event = value
  else if (name === 'data') fields.data.push(value)
  else if (name === 'id' && !value.includes('\0')) fields.id = value
}
