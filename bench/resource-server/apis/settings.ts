// What an API of this folder is told, by its environment, and the answer of its open route.
const {
  PORT = '3000',
  ISSUER = '',
  AUDIENCE = '',
  ALGORITHM = 'RS256',
  CACHE_AGE = '',
  TOKEN_CACHE = 'default',
} = process.env

export const port = Number(PORT)
export const issuer = ISSUER
export const jwksUri = `${ISSUER}/.well-known/jwks.json`
export const audience = AUDIENCE
export const algorithm = ALGORITHM as 'RS256' | 'ES256' | 'EdDSA'

/** How long a JWK Set is kept, milliseconds; undefined for the default of the library. */
export const cacheAge = CACHE_AGE === '' ? undefined : Number(CACHE_AGE)

/** Whether verified tokens are remembered; undefined for the default of the library. */
export const tokenCache = TOKEN_CACHE === 'default' ? undefined : TOKEN_CACHE === 'on'

/** As long as what the protected route answers. */
export const openAnswer = { sub: 'usr_0123456789012345678901' }

process.once('SIGTERM', () => process.exit(0))
