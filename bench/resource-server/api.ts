// The APIs that are measured: each has one open and one protected route, and is a process of its own.
import { join } from 'node:path'
import { versionOf } from '../report.ts'
import type { Launch } from '../server/contender.ts'
import type { Algorithm } from './access-tokens.ts'

/** A program of apis/. */
export interface Api {
  name: string
  framework: 'Express' | 'Fastify' | 'Hono' | 'node:http'
  program: string
  algorithms: readonly Algorithm[]
  /** Whether verified tokens are remembered; left out for the default of the library. */
  tokenCache?: 'on' | 'off'
  /** What sets how long a JWK Set is kept, and for how long it is without; left out where there is none. */
  cacheAge?: { option: string; default: string }
}

/** Where an API finds its issuer, and what it accepts. */
export interface ApiSettings {
  issuer: string
  audience: string
  algorithm: Algorithm
  /** How long a JWK Set is kept, milliseconds; left out for the default of the library. */
  cacheAge?: number
}

const all = ['RS256', 'ES256', 'EdDSA'] as const

const frameworks = ['Express', 'Fastify', 'Hono', 'node:http'] as const

/** No protection, but what none can do without: a header that is read, and a signature that is checked. */
export const signatureOnly: readonly Api[] = frameworks.map((framework) => ({
  name: `the signature check alone, on ${framework}`,
  framework,
  program: `signature-only-${fileNameOf(framework)}.ts`,
  algorithms: all,
}))

export const bare: Api = {
  name: 'bare node:crypto on node:http',
  framework: 'node:http',
  program: 'bare.ts',
  algorithms: all,
}

/** With the token cache, as it comes. */
export const countersign: readonly Api[] = frameworks.map((framework) => ({
  name: `Countersign on ${framework}`,
  framework,
  program: `countersign-${fileNameOf(framework)}.ts`,
  algorithms: all,
}))

export const countersignWithoutCache: readonly Api[] = countersign.map((api) => ({
  ...api,
  name: `${api.name}, cacheSize 0`,
  tokenCache: 'off',
}))

const express: Pick<Api, 'framework' | 'algorithms'> = { framework: 'Express', algorithms: all }

const awsJwtVerify: Api = {
  ...express,
  name: `aws-jwt-verify ${versionOf('aws-jwt-verify')}`,
  program: 'aws-jwt-verify.ts',
}

const jose: Api = {
  name: `jose ${versionOf('jose')} on Fastify`,
  framework: 'Fastify',
  program: 'jose.ts',
  algorithms: all,
  cacheAge: { option: 'cacheMaxAge', default: '10 min' },
}

const expressOauth2JwtBearer: Api = {
  ...express,
  name: `express-oauth2-jwt-bearer ${versionOf('express-oauth2-jwt-bearer')}`,
  program: 'express-oauth2-jwt-bearer.ts',
  cacheAge: { option: 'cacheMaxAge', default: '10 min' },
}

const expressJwt: Api = {
  ...express,
  name: `express-jwt ${versionOf('express-jwt')} + jwks-rsa ${versionOf('jwks-rsa')}`,
  program: 'express-jwt.ts',
  algorithms: ['RS256', 'ES256'],
  cacheAge: { option: 'cacheMaxAge', default: '10 min' },
}

const fastifyJwt: Api = {
  name: `@fastify/jwt ${versionOf('@fastify/jwt')} + get-jwks ${versionOf('get-jwks')}`,
  framework: 'Fastify',
  program: 'fastify-jwt.ts',
  algorithms: ['RS256', 'ES256'],
  cacheAge: { option: 'ttl', default: '1 min' },
}

const honoJwk: Api = {
  name: `hono/jwk ${versionOf('hono')}`,
  framework: 'Hono',
  program: 'hono-jwk.ts',
  algorithms: all,
}

/** As their documentation sets them up; what each README says is in its program. */
export const peers: readonly Api[] = [awsJwtVerify, jose, expressOauth2JwtBearer, expressJwt, fastifyJwt, honoJwk]

/** The one peer that can remember verified tokens; it does not by default. */
export const fastifyJwtWithCache: Api = { ...fastifyJwt, name: `${fastifyJwt.name}, cache on`, tokenCache: 'on' }

function fileNameOf(framework: Api['framework']): string {
  return framework.replace(':http', '').toLowerCase()
}

/** Tells how an API is started. */
export function launchOf({ name, program, tokenCache }: Api, settings: ApiSettings): Launch {
  const { issuer, audience, algorithm, cacheAge } = settings
  return {
    name,
    command: ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'apis', program)],
    environment: ({ port }) => ({
      NODE_ENV: 'production',
      PORT: String(port),
      ISSUER: issuer,
      AUDIENCE: audience,
      ALGORITHM: algorithm,
      CACHE_AGE: cacheAge === undefined ? '' : String(cacheAge),
      TOKEN_CACHE: tokenCache ?? 'default',
    }),
    healthPath: '/open',
  }
}
