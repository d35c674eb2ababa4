// Sends requests that fetch would refuse or mend: paths as they stand, headers in any number and spelling, upgrades.
import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ReachedRequest } from './application.ts'

export interface RawRequest {
  port: number
  path?: string
  method?: string
  /** In their order; a name may come again. */
  headers?: [name: string, value: string][]
  body?: string
}

export interface RawAnswer {
  status: number | undefined
  /** All values of a header, whose name is in lower case. */
  header(name: string): string[]
  text: string
  /** The request as it reached the application, if it did. */
  reached: ReachedRequest | undefined
}

/** Sends a request to 127.0.0.1 and reads the answer, or what comes after an upgrade. */
export async function send({ port, path = '/', method = 'GET', headers = [], body }: RawRequest): Promise<RawAnswer> {
  const host = headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [['Host', `127.0.0.1:${port}`]]
  const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
  const raw = [...host, ...length, ...headers].flat()
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers: raw, agent: false, timeout: 20_000 })
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer for 20 s')))
  const [incoming, stream] = await new Promise<[IncomingMessage, Duplex | IncomingMessage]>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', (answer) => resolve([answer, answer]))
    outgoing.once('upgrade', (answer, socket, head) => {
      socket.unshift(head)
      resolve([answer, socket])
    })
    outgoing.end(body)
  })
  const answer = await text(stream)
  return {
    status: incoming.statusCode,
    header: (name) => incoming.headersDistinct[name] ?? [],
    text: answer,
    reached: answer.startsWith('{"method":') ? (JSON.parse(answer) as ReachedRequest) : undefined,
  }
}
