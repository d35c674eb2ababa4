/** Gets an access token for a service itself, not for a user of it, and keeps it until shortly before it expires (RFC 6749 §4.4). */

/** Who asks, and for what. */
export interface ClientTokenOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The service that is to be called (RFC 8707 §2). */
  readonly resource: string
  readonly scope: string
}

/** An access token of a client. */
export class ClientToken {
  readonly #options: ClientTokenOptions
  #token: Promise<{ value: string; goodUntil: number }> | undefined

  constructor(options: ClientTokenOptions) {
    this.#options = options
  }

  /** Gets a token that is good for half a minute at least. Requests that come together share one. */
  async get(): Promise<string> {
    this.#token ??= this.#request()
    try {
      const { value, goodUntil } = await this.#token
      if (performance.now() < goodUntil) return value
    } catch (error) {
      this.#token = undefined
      throw error
    }
    this.#token = this.#request()
    return (await this.#token).value
  }

  async #request(): Promise<{ value: string; goodUntil: number }> {
    const { issuer, clientId, clientSecret, resource, scope } = this.#options
    const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':')
    const response = await fetch(`${issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(credentials)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      redirect: 'error',
      signal: AbortSignal.timeout(5000),
    })
    if (!response.ok) throw new Error(`the issuer answered ${response.status} when it was asked for a token`)
    const { access_token: value, expires_in: lifetime } = (await response.json()) as {
      access_token: string
      expires_in: number
    }
    return { value, goodUntil: performance.now() + (lifetime - 30) * 1000 }
  }
}
