import { versionOf } from '../report.ts'

const labels: Record<string, string> = {
  'better-auth': `better-auth ${versionOf('better-auth')}`,
  'Express by hand': `Express ${versionOf('express')} by hand`,
  'Fastify by hand': `Fastify ${versionOf('fastify')} by hand, @fastify/jwt ${versionOf('@fastify/jwt')}`,
  'oidc-provider': `oidc-provider ${versionOf('oidc-provider')} on Redis`,
}

/** Names a server in a table, with the version that was measured. */
export function labelOf(name: string): string {
  return labels[name] ?? name
}
