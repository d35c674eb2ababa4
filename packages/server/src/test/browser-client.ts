/** A browser as the server sees it: a cookie jar, and the headers that a page cannot leave out. No cookie of it is ever made up. */
import type { Call, Reply, TestServer } from './test-server.ts'

export interface SentCookie {
  readonly name: string
  readonly value: string
  /** As the server wrote them, in order. */
  readonly attributes: readonly string[]
}

export interface BrowserClient {
  /** The cookies that would be sent. */
  readonly jar: Map<string, string>
  /** Calls with the cookies of the jar, as a page of the issuer's origin does, and keeps what the answer sets. */
  call(method: string, path: string, call?: Call): Promise<Reply>
  login(body?: object): Promise<Reply>
  refresh(): Promise<Reply>
}

/** Opens a browser without cookies. */
export function openBrowser(
  { call: send }: Pick<TestServer, 'call'>,
  origin = 'https://auth.example.com',
): BrowserClient {
  const jar = new Map<string, string>()

  async function call(method: string, path: string, { headers, ...rest }: Call = {}): Promise<Reply> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const own = { ...(method !== 'GET' && { origin }), 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) }
    const reply = await send(method, path, { ...rest, headers: { ...own, ...headers } })
    keep(jar, reply)
    return reply
  }

  return {
    jar,
    call,
    login: (body = {}) =>
      call('POST', '/api/auth/login', {
        json: { email: 'ada@example.com', password: 'a quite long password', mode: 'cookie', ...body },
      }),
    refresh: () => call('POST', '/api/auth/refresh'),
  }
}

/** Does what a jar does with an answer. */
export function keep(jar: Map<string, string>, reply: Reply): void {
  for (const { name, value, attributes } of cookiesOf(reply)) {
    if (attributes.includes('Max-Age=0')) jar.delete(name)
    else jar.set(name, value)
  }
}

/** Reads the Set-Cookie headers of an answer. */
export function cookiesOf({ headers }: Reply): SentCookie[] {
  return headers.getSetCookie().map((line) => {
    const [pair = '', ...attributes] = line.split('; ')
    const [name = '', value = ''] = pair.split('=')
    return { name, value, attributes }
  })
}
