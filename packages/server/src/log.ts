/** Where the server tells what it does. pino fits; so does anything with these four methods. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Says of an error and its causes what a log may hold: type, message, stack and code. Its other members may hold a request with
 * everything in it, and a message may quote what it was given: what looks like a token or like the password of a URL is struck out.
 */
export function describeError(error: unknown, depth = 0): object | undefined {
  if (error === undefined || error === null || depth === 5) return undefined
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack = '' } = error
  const cause = describeError(error.cause, depth + 1)
  const code = 'code' in error ? { code: withoutSecrets(String(error.code)) } : {}
  return {
    type: withoutSecrets(name),
    message: withoutSecrets(message),
    stack: withoutSecrets(stack),
    ...code,
    ...(cause && { cause }),
  }
}

/** User name and password before a host; a JWS; a refresh or session token; a client secret; what follows the scheme of an Authorization header. */
const secrets = [
  /(?<=:\/\/)\S*(?=@)/g,
  /\beyJ[\w-]+\.[\w-]*\.[\w-]*/g,
  /\b(rt|st)1\.[\w.-]+/g,
  /\bcs1_[\w-]+/g,
  /(?<=\b(Bearer|Basic|DPoP) )[\w.~+/=-]+/gi,
]

/** Strikes out of a text of somebody else's what has the form of a secret. */
export function withoutSecrets(text: string): string {
  return secrets.reduce((struck, secret) => struck.replaceAll(secret, '[struck out]'), text)
}
