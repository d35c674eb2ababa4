/** What an endpoint is: its shape, from which openapi.json is made, and what it does. Paths and methods stand in server.ts. */
import type { Context, Env } from 'hono'
import type { z } from 'zod'
import type { ErrorCode } from '../oauth/oauth-error.ts'

/** The part of Node's socket that is read. */
export interface Peer {
  readonly remoteAddress?: string | undefined
  readonly destroyed?: boolean
  readonly readableEnded?: boolean
}

/** What comes with a request. */
export interface RequestEnv extends Env {
  Bindings: {
    /** Node's own request, when the server runs on node:http. */
    readonly incoming?: { readonly socket: Peer }
    /** Names this request in the log. */
    readonly requestId: string
    /** Epoch milliseconds of the store's clock. */
    readonly arrivedAt: number
  }
}

export type RequestContext = Context<RequestEnv>

/** What is read of a request's first lines. */
export interface RequestHead {
  readonly method: string
  /** Gets a header by its name in lower case. */
  header(name: string): string | undefined
}

export interface Answer {
  readonly description: string
  /** The JSON body; left out when there is none. */
  readonly body?: z.ZodType
}

export interface Endpoint {
  /** A sentence for the API page. */
  readonly summary: string
  readonly description?: string
  /** The JSON body it reads. */
  readonly body?: z.ZodType
  /** Whether the body may be left out. @default false */
  readonly bodyOptional?: boolean
  /** What may stand in the Authorization header. */
  readonly authorization?: 'access-token' | 'refresh-token' | 'client'
  /** The parameters of a form body (RFC 6749 §3.2). */
  readonly form?: Readonly<Record<string, string>>
  readonly pathParameters?: Readonly<Record<string, string>>
  readonly answers: Readonly<Record<number, Answer>>
  /** Codes with which it refuses, besides those that every endpoint has. */
  readonly refusals?: readonly ErrorCode[]
  /** A document for everyone: scripts of any origin may read it, and it has an ETag. @default false */
  readonly public?: boolean
  /** Whether it exists to end trust: other servers are told to look for what it has written. @default false */
  readonly revokes?: boolean
  /** Left out of openapi.json: pages and aliases. @default false */
  readonly hidden?: boolean
  handle(c: RequestContext): Response | Promise<Response>
}

/** One row of the table in server.ts. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly endpoint: Endpoint
}
