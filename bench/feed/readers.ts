// Readers of the stream, as many as are asked for, in this process: each says when an entry was there.
import { Agent, get, type IncomingMessage } from 'node:http'

/** Opens streams and calls `onEntry` with the moment at which a reader had an entry, in milliseconds of the epoch. */
export async function openReaders(
  count: number,
  port: number,
  token: string,
  onEntry: (jti: string, at: number) => void,
): Promise<() => void> {
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  const authorization = `Bearer ${token}`
  const snapshot = await fetch(`http://127.0.0.1:${port}/revocations/snapshot`, { headers: { authorization } })
  const { epoch, seq } = (await snapshot.json()) as { epoch: string; seq: number }
  const streams: IncomingMessage[] = []
  for (let opened = 0; opened < count; opened += 50) {
    const batch = Array.from({ length: Math.min(50, count - opened) }, () => {
      const headers = { authorization, 'last-event-id': `${epoch}:${seq}` }
      return new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path: '/revocations/stream', headers, agent }, resolve).on('error', reject)
      })
    })
    streams.push(...(await Promise.all(batch)))
  }
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const at = performance.timeOrigin + performance.now()
      for (const [, jti = ''] of text.matchAll(/\["j","([^"]+)"/g)) onEntry(jti, at)
    })
    stream.on('error', () => {})
  }
  return () => {
    for (const stream of streams) stream.destroy()
    agent.destroy()
  }
}
