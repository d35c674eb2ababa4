/** The client in axios. Knows only the shape of an axios instance. */
import type { Client } from '../create-client.ts'

/** What is used of an axios instance, 1.12 or newer. */
export interface AxiosLike {
  readonly interceptors: {
    readonly request: {
      // biome-ignore lint/suspicious/noExplicitAny: axios' own type of a configuration is not known here
      use(onFulfilled: (config: any) => any): number
      eject(id: number): void
    }
  }
}

interface AxiosConfig {
  fetchOptions?: { redirect?: unknown }
}

/**
 * Makes an axios instance send its requests through `client.fetch`, with all that it does. Returns what undoes that.
 * @example
 * const api = axios.create({ baseURL: 'https://api.example.com' })
 * attachClient(api, auth)
 * await api.get('/orders')
 */
export function attachClient(instance: AxiosLike, client: Pick<Client, 'fetch'>): () => void {
  const { request } = instance.interceptors
  const id = request.use((config: AxiosConfig) => ({
    ...config,
    adapter: 'fetch',
    env: {
      fetch: (url: string, { redirect: _, ...init }: RequestInit) =>
        client.fetch(url, { ...init, ...(config.fetchOptions as RequestInit) }),
      // Without it the adapter hands over the body as it is, which can be sent again; a Request hides it.
      Request: null,
    },
  }))
  return () => request.eject(id)
}
