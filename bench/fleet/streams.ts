// Readers of the revocation feed that count what they are sent.
import { Agent, get, type IncomingMessage } from 'node:http'
import { at } from '../statistics.ts'
import type { Installation } from './installation.ts'

export interface Stream {
  /** Bytes of the body so far. */
  bytes: number
  heartbeats: number
  /** Whether the server has ended it. */
  isOver: boolean
  close(): void
}

/** Gets an access token that may read the feed. */
export async function readFeedToken({ client, confidentialClient }: Installation, index: number): Promise<string> {
  const { clientId, clientSecret } = confidentialClient
  const headers = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` }
  const question = { method: 'POST', path: '/oauth/token', headers } as const
  const { body } = await client(index).ask({ ...question, form: { grant_type: 'client_credentials' } }, 200)
  return (JSON.parse(body) as { access_token: string }).access_token
}

/** Opens a number of streams at one server, from where the feed is now. */
export async function openStreams(installation: Installation, count: number, index = 0): Promise<Stream[]> {
  const authorization = `Bearer ${await readFeedToken(installation, index)}`
  const question = { method: 'GET', path: '/revocations/snapshot', headers: { authorization } } as const
  const snapshot = await installation.client(index).ask(question, 200)
  const { epoch, seq } = JSON.parse(snapshot.body) as { epoch: string; seq: number }
  const { port } = at(installation.servers, index)
  const headers = { authorization, 'last-event-id': `${epoch}:${seq}` }
  const streams: Stream[] = []
  for (let opened = 0; opened < count; opened += 50) {
    const batch = Array.from({ length: Math.min(50, count - opened) }, () => openStream(port, headers))
    streams.push(...(await Promise.all(batch)))
  }
  return streams
}

async function openStream(port: number, headers: Record<string, string>): Promise<Stream> {
  const agent = new Agent()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/revocations/stream', headers, agent }, resolve).once('error', reject)
  })
  if (response.statusCode !== 200) throw new Error(`A stream was answered with ${response.statusCode}.`)
  const stream: Stream = { bytes: 0, heartbeats: 0, isOver: false, close }
  function close(): void {
    response.destroy()
    agent.destroy()
  }
  response.setEncoding('latin1').on('data', (text: string) => {
    stream.bytes += text.length
    stream.heartbeats += text.split('event: hb\n').length - 1
  })
  response.on('error', () => {})
  response.on('close', () => {
    stream.isOver = true
  })
  return stream
}
