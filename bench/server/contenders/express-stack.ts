import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Contender } from '../contender.ts'
import { asJavaScript } from '../peer-program.ts'
import { tokenRequests } from '../token-requests.ts'

export const expressStack: Contender = {
  name: 'Express by hand',
  command: [asJavaScript('express-stack.ts')],
  environment: ({ port, folder }) => ({
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE: join(folder, 'express.db'),
    JWT_SECRET: randomBytes(32).toString('base64url'),
  }),
  healthPath: '/healthz',
  requests: tokenRequests({
    register: '/auth/register',
    login: '/auth/login',
    refresh: '/auth/refresh',
    profile: '/users/profile',
  }),
}
