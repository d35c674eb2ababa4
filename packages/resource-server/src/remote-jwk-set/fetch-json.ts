/**
 * Owns the one kind of request that this package makes on its own: GET a small JSON document of an issuer. https, or http on
 * this machine; no redirect, no cookie; at most 100 kB; a type that says JSON (RFC 8414 §3, RFC 7517 §8.5).
 */

/** The longest document that is read, in bytes. */
const MAX_BYTES = 100_000

/** A document, or the news that it is still the one that was there before. */
export type FetchedJson =
  | { readonly changed: true; readonly text: string; readonly value: unknown; readonly headers: Headers }
  | { readonly changed: false; readonly headers: Headers }

/** Says why a document could not be had. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  /** The status of the answer, if there was one. */
  readonly status: number | undefined

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.status = options.status
  }
}

/**
 * Fetches a JSON document (RFC 9110 §9.3.1).
 *
 * @param etag the entity tag of the document at hand
 * @throws DocumentError if it cannot be had as it should be
 */
export async function fetchJson(
  uri: string,
  { fetch, signal, etag }: { fetch: typeof globalThis.fetch; signal: AbortSignal; etag?: string | undefined },
): Promise<FetchedJson> {
  const response = await request(uri, fetch, signal, etag)
  const { status, headers } = response
  if (status === 304 && etag !== undefined) return { changed: false, headers }
  try {
    if (status !== 200) throw new DocumentError(`${uri} answered ${status}`, { status })
    const type = headers.get('content-type') ?? ''
    if (!/^application\/([a-z0-9.-]+\+)?json\s*(;|$)/i.test(type))
      throw new DocumentError(`${uri} answered with another type than JSON`, { status })
    const text = await readText(uri, response)
    return { changed: true, text, value: parse(uri, text), headers }
  } catch (error) {
    await response.body?.cancel().catch(() => undefined)
    throw error instanceof DocumentError ? error : new DocumentError(`${uri} broke off its answer`, { cause: error })
  }
}

async function request(
  uri: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
  etag: string | undefined,
): Promise<Response> {
  const headers = { accept: 'application/json', ...(etag !== undefined && { 'if-none-match': etag }) }
  try {
    // `manual` shows the redirect as what it is; `error` would hide it behind a failure of the network.
    return await fetch(uri, { headers, signal, redirect: 'manual', credentials: 'omit' })
  } catch (error) {
    const reason = signal.aborted ? 'did not answer in time' : 'cannot be reached'
    throw new DocumentError(`${uri} ${reason}`, { cause: error })
  }
}

async function readText(uri: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_BYTES) throw new DocumentError(`${uri} answered with more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return new TextDecoder().decode(bytes)
}

function parse(uri: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DocumentError(`${uri} answered with something else than JSON`, { cause: error })
  }
}
