/** Owns the check of access tokens; whoever reads data asks here first. */
import { protect } from '@countersign/resource-server/next'
import { headers } from 'next/headers'

const { ISSUER: issuer = '', AUDIENCE: audience = '', APP_ORIGIN: origin = 'http://localhost:3000' } = process.env

export const { route, findAuth } = protect({ issuer, audience, headers, cookie: { origins: [origin] } })
