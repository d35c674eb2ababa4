// What a client says about itself in headers that the application would believe, in every spelling that could get through.
import type { ReachedRequest } from './application.ts'

const believed = [
  'X-Auth-Request-User',
  'X-Auth-Request-Scope',
  'X-Auth-Request-Roles',
  'Remote-User',
  'Remote-Groups',
  'X-Auth-Request-Email',
  'X-Auth-Request-Groups',
  'X-Auth-Request-Preferred-Username',
  'X-Forwarded-User',
  'X-Forwarded-Groups',
  'Remote-Name',
  'Remote-Email',
]

type Header = [name: string, value: string]

const all = (spell: (name: string) => string): Header[] => believed.map((name) => [spell(name), 'admin'])

/** What a client sends, by the name of the trick. */
export const tricks: Record<string, Header[]> = {
  'the names as they are': all((name) => name),
  'lower case': all((name) => name.toLowerCase()),
  'upper case': all((name) => name.toUpperCase()),
  'each name twice': [...all((name) => name), ...all((name) => name.toLowerCase())],
  underscores: all((name) => name.replaceAll('-', '_')),
  'one underscore': all((name) => name.replace('-', '_')),
  'an underscore at the end': all((name) => name.replace(/-(?=[^-]*$)/, '_')),
  'hyphens and underscores': [...all((name) => name.replaceAll('-', '_')), ...all((name) => name)],
  'empty values': [...believed.map((name): Header => [name, '']), ...all((name) => name)],
}

/** What a client sends so that a proxy takes the names away again, each at its last hop. */
export const hopByHop: Header[] = [['Connection', ['close', ...believed].join(', ')]]

/** What the application would take for the identity of the client: names as a CGI variable has them, without empty values. */
export function identityOf(reached: ReachedRequest | undefined): Record<string, string> {
  const names = new Set(believed.map(variableOf))
  return Object.fromEntries(
    Object.entries(reached?.headers ?? {})
      .map(([name, values]) => [variableOf(name), values.filter((value) => value !== '').join(' and ')] as const)
      .filter(([name, value]) => names.has(name) && value !== ''),
  )
}

function variableOf(name: string): string {
  return name.replaceAll('-', '_').toUpperCase()
}
