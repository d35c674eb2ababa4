/**
 * The revocation feed of an issuer, as its network would give it to `fetch`. The test says when a heartbeat comes, what is revoked and
 * what goes wrong on the way.
 */
import type { RevocationEntry } from '@countersign/token/revocations'
import { FakeIssuer, hang, issuer, metadataUri } from './fake-issuer.ts'
import type { ManualClock } from './manual-clock.ts'

const tokenUri: string = `${issuer}/oauth/token`
export const snapshotUri: string = `${issuer}/revocations/snapshot`
export const streamUri: string = `${issuer}/revocations/stream`
export const changesUri: string = `${issuer}/revocations/changes`
export const introspectionUri: string = `${issuer}/oauth/introspect`

export class FakeFeed extends FakeIssuer {
  epoch = 'first'
  seq = 0
  readonly entries: RevocationEntry[] = []
  /** What introspection says of every token. */
  isActive = true
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>()
  readonly #encoder = new TextEncoder()
  readonly #feedClock: ManualClock

  constructor(clock: ManualClock) {
    super(clock)
    this.#feedClock = clock
    this.answers.set(metadataUri, () =>
      Response.json({
        ...{
          issuer,
          jwks_uri: `${issuer}/jwks.json`,
          token_endpoint: tokenUri,
          introspection_endpoint: introspectionUri,
        },
        ...{
          revocation_snapshot_endpoint: snapshotUri,
          revocation_stream_endpoint: streamUri,
          revocation_changes_endpoint: changesUri,
        },
      }),
    )
    this.answers.set(tokenUri, () =>
      Response.json({ access_token: 'feed-token', token_type: 'Bearer', expires_in: 600 }),
    )
    this.answers.set(snapshotUri, () => Response.json(this.snapshot()))
    this.answers.set(streamUri, () => this.#openStream())
    this.answers.set(introspectionUri, () => Response.json({ active: this.isActive }))
  }

  snapshot(): object {
    const { epoch, seq, entries } = this
    return { v: 1, iss: issuer, epoch, seq, now: this.#feedClock.now(), max_ttl: 600, entries: [...entries] }
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size
  }

  /** Revokes something, and tells the streams unless the event is to be lost. */
  revoke(entry: RevocationEntry, { isLost = false }: { readonly isLost?: boolean } = {}): void {
    this.entries.push(entry)
    this.seq += 1
    if (!isLost) this.send('rev', { p: this.seq - 1, e: [entry] }, `${this.epoch}:${this.seq}`)
  }

  /** Sends a heartbeat, of this moment or an earlier one. */
  beat(now: number = this.#feedClock.now(), seq: number = this.seq): void {
    this.send('hb', { seq, now })
  }

  /** Sends an event to every stream. */
  send(event: string, data: object, id?: string): void {
    const lines = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      `event: ${event}`,
      `data: ${JSON.stringify(data)}`,
      '',
      '',
    ]
    for (const stream of this.#streams) stream.enqueue(this.#encoder.encode(lines.join('\n')))
  }

  /** Closes the streams as a server does that stops. */
  end(): void {
    for (const stream of this.#streams) stream.close()
    this.#streams.clear()
  }

  /** Takes the whole issuer off the network: what is open breaks, what is asked hangs. */
  disappear(): void {
    for (const stream of this.#streams) stream.error(new TypeError('the connection broke'))
    this.#streams.clear()
    for (const uri of [...this.answers.keys()]) this.answers.set(uri, hang)
  }

  #openStream(): Response {
    let own: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>({
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        own = controller
        this.#streams.add(controller)
      },
      cancel: () => void this.#streams.delete(own),
    })
    queueMicrotask(() => this.beat())
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}
