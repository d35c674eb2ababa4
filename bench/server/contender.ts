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

/** A database that runs as a process of its own. */
export interface DatabaseProcess {
  pid: number
  port: number
  stop(): Promise<void>
}

/** Where a server is to run. */
export interface Place {
  port: number
  /** An empty folder that no other server uses. */
  folder: string
  /** Where its database listens, if it has one of its own. */
  databasePort?: number | undefined
}

/** How a server is started. */
export interface Launch {
  name: string
  /** Arguments of node. */
  command: readonly string[]
  environment(place: Place): Record<string, string>
  /** The cheapest path that answers 200 once the server can work. */
  healthPath: string
  /** Whether an observer runs inside it, which tells of its event loop and its heap. @default false */
  isObserved?: boolean
  /** Starts the database first, with its data in the folder. Absent where the server has its database in its own process. */
  startDatabase?(folder: string): Promise<DatabaseProcess>
}

/** A server that is measured, and how it is asked. Each request throws when the answer is not the one wanted. */
export interface Contender extends Launch {
  requests: Requests
  /** Its login checks no password, since the server has none: there is nothing to measure. */
  opensSessionsWithoutPassword?: true
}

export interface Requests {
  register(client: HttpClient, account: Account): Promise<void>
  login(client: HttpClient, account: Account): Promise<Session>
  refresh(client: HttpClient, session: Session): Promise<Session>
  profile(client: HttpClient, session: Session): Promise<void>
  /** Absent where each request is judged by an access token alone. */
  serverSession?: ServerSessionRequests
}

/** A session whose token says nothing by itself, so that the server has to look it up at each request. */
export interface ServerSessionRequests {
  /** Returns the token. */
  open(client: HttpClient, account: Account): Promise<string>
  check(client: HttpClient, token: string): Promise<void>
}
