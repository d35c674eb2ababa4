import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Contender } from '../contender.ts'
import { asJavaScript } from '../peer-program.ts'
import { tokenRequests } from '../token-requests.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const refreshSecret = randomBytes(32).toString('base64url')

export const fastifyStack: Contender = {
  name: 'Fastify by hand',
  command: [asJavaScript('fastify-stack.ts')],
  environment: ({ port, folder }) => ({
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE: join(folder, 'fastify.db'),
    ACCESS_PRIVATE_KEY: privateKey,
    ACCESS_PUBLIC_KEY: publicKey,
    REFRESH_SECRET: refreshSecret,
  }),
  healthPath: '/healthz',
  requests: tokenRequests({
    register: '/auth/register',
    login: '/auth/login',
    refresh: '/auth/refresh',
    profile: '/users/profile',
  }),
}
