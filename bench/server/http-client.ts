import { Agent, type IncomingHttpHeaders, request as startRequest } from 'node:http'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface Question {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: object
  /** Sent instead, as a form. */
  form?: Record<string, string>
}

/** An answer with another status than the one that was wanted. */
export class UnwantedAnswer extends Error {
  readonly status: number

  constructor({ method, path }: Question, { status, body }: Pick<Answer, 'status' | 'body'>) {
    super(`${method} ${path} was answered with ${status}: ${body.slice(0, 300)}`)
    this.status = status
  }
}

/** Asks one server over a bounded number of connections that stay open. */
export interface HttpClient {
  /** Returns an answer with the wanted status. @throws UnwantedAnswer for any other */
  ask(question: Question, wanted: number): Promise<Answer>
  close(): void
}

const longestAnswer = 30_000

export function createHttpClient(port: number, connections: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    async ask(question, wanted) {
      const answer = await exchange(agent, port, question)
      if (answer.status === wanted) return answer
      throw new UnwantedAnswer(question, answer)
    },
    close: () => agent.destroy(),
  }
}

function exchange(agent: Agent, port: number, { method, path, headers, ...content }: Question): Promise<Answer> {
  const { text, type } = encode(content)
  const form = text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, method, path, headers: { ...headers, ...form } }
    const request = startRequest(options, (response) => {
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        received += chunk
      })
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      )
    })
    request.setTimeout(longestAnswer, () => request.destroy(new Error(`${path} was not answered in time.`)))
    request.once('error', reject)
    request.end(text)
  })
}

function encode({ body, form }: Pick<Question, 'body' | 'form'>): { text: string | undefined; type: string } {
  if (form !== undefined)
    return { text: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' }
  return { text: body === undefined ? undefined : JSON.stringify(body), type: 'application/json' }
}
