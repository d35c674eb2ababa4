import type { HttpClient } from './http-client.ts'

export interface Account {
  email: string
  password: string
}

/** What a client holds after it has signed in. */
export interface Session {
  /** What is sent to refresh. */
  refreshToken: string
  /** What is sent with other requests. */
  accessToken: string
}

/** Where a server is to run. */
export interface Place {
  port: number
  /** An empty folder that no other server uses. */
  folder: string
}

/** How a server is started. */
export interface Launch {
  name: string
  /** Arguments of node. */
  command: readonly string[]
  environment(place: Place): Record<string, string>
  /** The cheapest path that answers 200 once the server can work. */
  healthPath: string
}

/** A server that is measured, and how it is asked. Each request throws when the answer is not the one wanted. */
export interface Contender extends Launch {
  requests: Requests
}

export interface Requests {
  register(client: HttpClient, account: Account): Promise<void>
  login(client: HttpClient, account: Account): Promise<Session>
  refresh(client: HttpClient, session: Session): Promise<Session>
  profile(client: HttpClient, session: Session): Promise<void>
}
