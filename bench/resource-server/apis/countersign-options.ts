// What `protect` is told in every framework: its README, and the token cache off where that is measured.
import { algorithm, audience, issuer, tokenCache } from './settings.ts'

export const protectOptions = {
  issuer,
  audience,
  algorithms: [algorithm],
  ...(tokenCache === false && { cacheSize: 0 }),
}
