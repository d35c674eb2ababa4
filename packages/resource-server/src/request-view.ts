/** What is read of a request, in whatever framework. */
export interface RequestView {
  readonly method: string
  /** Gets a header by its name in lower case; several of one name come as one, as the framework joins them. */
  header(name: string): string | undefined
}

/** The part of Node's request that is read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Views a request of node:http, and of the frameworks on top of it. */
export class NodeRequestView implements RequestView {
  readonly #request: NodeRequest

  constructor(request: NodeRequest) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  }
}

/** Views a request of the Fetch API. */
export class FetchRequestView implements RequestView {
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}
