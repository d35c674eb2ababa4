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

/** A refresh or session token; a client secret; what follows the scheme of an Authorization header. */
const secrets = [/\b(rt|st)1\.[\w.-]+/g, /\bcs1_[\w-]+/g, /(?<=\b(Bearer|Basic|DPoP) )[\w.~+/=-]+/gi]
const struck = '[struck out]'

/** Strikes out of a text of somebody else's what has the form of a secret. Takes a time that grows with the text and no faster. */
export function withoutSecrets(text: string): string {
  const plain = text.replaceAll(/\S+/g, strikeCredentials).replaceAll(/[\w.-]+/g, strikeCompact)
  return secrets.reduce((left, secret) => left.replaceAll(secret, struck), plain)
}

/** User name and password before a host. */
function strikeCredentials(word: string): string {
  const [begin, end] = [word.indexOf('://'), word.lastIndexOf('@')]
  return begin === -1 || end < begin ? word : `${word.slice(0, begin + 3)}${struck}${word.slice(end)}`
}

/** A JWS or JWE. */
function strikeCompact(word: string): string {
  const begin = word.search(/\beyJ/)
  return begin === -1 || word.slice(begin).split('.', 3).length < 3 ? word : `${word.slice(0, begin)}${struck}`
}
