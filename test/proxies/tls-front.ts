// Stands in front of the JWK Set of an issuer with TLS, for programs that ask over nothing else.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeReadableFolder } from './readable-folder.ts'

export interface TlsFront {
  /** Where the JWK Set is. */
  jwksUri: string
  /** The file of the certificate, which is its own authority. */
  certificate: string
  /** How often it has been asked. */
  requests(): number
  close(): void
}

/** Starts a server on 127.0.0.1 that answers with the JWK Set of an issuer, and with one more key. */
export async function startTlsFront(issuer: string, jwk: object): Promise<TlsFront> {
  const folder = makeReadableFolder()
  const [key, certificate] = [join(folder.path, 'key.pem'), join(folder.path, 'certificate.pem')]
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1'.split(' ')
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate]
  execFileSync('/usr/bin/openssl', ['req', ...options, ...names], { stdio: 'ignore' })
  let requests = 0
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, async (_, outgoing) => {
    requests += 1
    const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: object[] }
    outgoing.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [...keys, jwk] }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    jwksUri: `https://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`,
    certificate,
    requests: () => requests,
    close: () => {
      server.close()
      server.closeAllConnections()
      folder.remove()
    },
  }
}
