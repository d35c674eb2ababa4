// The table of the access tokens that every API must refuse, and the reason that its log must give.
import {
  changeSignature,
  encode,
  forge,
  type KeyPair,
  makeSecretSigner,
  readSegment,
  replaceSegments,
  type Signer,
} from './forged-token.ts'

/** Whose tokens an API takes. */
export interface Issuer {
  url: string
  /** A valid access token that the authorization server has issued. */
  fresh: string
  /** Signs tokens that the API takes, if they are right otherwise. */
  signer: Signer
  /** A key pair whose public half is in the JWK Set. */
  published: KeyPair
  /** A key pair of which the API knows nothing. */
  attacker: KeyPair
}

export interface RefusedToken {
  title: string
  token: (issuer: Issuer) => string
  /** What the log of the API in TypeScript says: a code of TokenError. */
  tokenError: RegExp
  /** What the log of the API in Python says: an exception of PyJWT. */
  pyJwtError: RegExp
  /** Whether the header as a whole is malformed, which may be told apart from a bad token (RFC 6750 §3.1). */
  isNoCredentials?: boolean
}

const now = () => Math.floor(Date.now() / 1000)
const spki = (pair: KeyPair) => pair.publicKey.export({ format: 'pem', type: 'spki' }) as string
const wrongAlgorithm = { tokenError: /algorithm_not_allowed/, pyJwtError: /InvalidAlgorithmError/ }
const wrongSignature = { tokenError: /signature_invalid/, pyJwtError: /InvalidSignatureError/ }
const wrongType = { tokenError: /type_mismatch/, pyJwtError: /InvalidTokenError/ }
const malformed = { tokenError: /token_malformed/, pyJwtError: /DecodeError/ }
const unknownKey = {
  tokenError: /key_not_found|signature_invalid/,
  pyJwtError: /PyJWKClientError|InvalidSignatureError/,
}

export const refusedTokens: RefusedToken[] = [
  ...claimCase('that has expired', () => ({ iat: now() - 700, exp: now() - 100 }), /token_expired/, /ExpiredSignature/),
  ...claimCase('that never expires', () => ({ exp: undefined }), /claim_missing/, /MissingRequiredClaim/),
  ...claimCase('whose expiry is a text', () => ({ exp: String(now() + 600) }), /claim_invalid/, /InvalidTokenError/),
  ...claimCase('whose expiry is a list', () => ({ exp: [now() + 600] }), /claim_invalid/, /TypeError/),
  ...claimCase('that is not valid yet', () => ({ nbf: now() + 600 }), /token_not_yet_valid/, /ImmatureSignature/),
  ...claimCase(
    'for another audience',
    () => ({ aud: 'https://other.example.com' }),
    /audience_mismatch/,
    /InvalidAudience/,
  ),
  ...claimCase(
    'for a longer audience',
    ({ aud }) => ({ aud: `${aud}/orders` }),
    /audience_mismatch/,
    /InvalidAudience/,
  ),
  ...claimCase(
    'for no audience',
    () => ({ aud: undefined }),
    /claim_missing|audience_mismatch/,
    /MissingRequiredClaim/,
  ),
  ...claimCase('from another issuer', () => ({ iss: 'https://evil.example.com' }), /issuer_mismatch/, /InvalidIssuer/),
  ...claimCase(
    'from an issuer whose name begins alike',
    ({ iss }) => ({ iss: `${iss}0` }),
    /issuer_mismatch/,
    /InvalidIssuer/,
  ),
  ...claimCase('from nobody', () => ({ iss: undefined }), /claim_missing|issuer_mismatch/, /MissingRequiredClaim/),
  ...claimCase('about nobody', () => ({ sub: undefined }), /claim_missing/, /MissingRequiredClaim/),
  {
    title: 'whose expiry is past all numbers',
    token: ({ fresh, signer }) =>
      forge(fresh, signer, {}, JSON.stringify(readSegment(fresh, 1)).replace(/"exp":\d+/, '"exp":1e999')),
    tokenError: /claim_invalid|claims_malformed/,
    pyJwtError: /OverflowError/,
  },
  {
    title: 'whose payload has been changed',
    token: ({ fresh }) =>
      replaceSegments(fresh, undefined, encode(JSON.stringify({ ...readSegment(fresh, 1), sub: 'admin' }))),
    ...wrongSignature,
  },
  { title: 'whose signature has been changed', token: ({ fresh }) => changeSignature(fresh), ...wrongSignature },
  {
    title: 'whose signature is missing',
    token: ({ fresh }) => replaceSegments(fresh, undefined, undefined, ''),
    tokenError: /signature_invalid/,
    pyJwtError: /DecodeError/,
  },
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].map((alg) => ({
    title: `whose algorithm is "${alg}", with the signature of another`,
    token: ({ fresh }: Issuer) => replaceSegments(fresh, encode(JSON.stringify({ ...readSegment(fresh, 0), alg }))),
    ...wrongAlgorithm,
  })),
  ...['none', 'None', 'NONE', 'nOnE'].map((alg) => ({
    title: `whose algorithm is "${alg}", without a signature`,
    token: ({ fresh, signer }: Issuer) => forge(fresh, { ...signer, alg, sign: () => Buffer.alloc(0) }),
    tokenError: /algorithm_not_allowed/,
    pyJwtError: /DecodeError/,
  })),
  ...confusionCase('the PEM text of the public key', spki),
  ...confusionCase('the PEM text of the public key without its last newline', (pair) => spki(pair).trimEnd()),
  ...confusionCase('the bytes of the public key', (pair) => pair.publicKey.export({ format: 'der', type: 'spki' })),
  ...confusionCase('the JWK of the public key', (pair) => JSON.stringify(pair.jwk)),
  {
    title: 'that names an algorithm other than the one that signed it',
    token: ({ fresh, signer }) => forge(fresh, signer, { alg: signer.alg.replace('256', '512') }),
    tokenError: /algorithm_not_allowed|key_not_found/,
    pyJwtError: /InvalidAlgorithmError/,
  },
  ...['JWT', 'logout+jwt', 'dpop+jwt', undefined].map((typ) => ({
    title: `whose type is ${typ ?? 'left out'}`,
    token: ({ fresh, signer }: Issuer) => forge(fresh, signer, { typ }),
    ...wrongType,
  })),
  {
    title: 'that is an ID token',
    token: ({ fresh, signer }) =>
      forge(fresh, signer, { typ: 'JWT' }, { nonce: 'n-0S6', at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' }),
    ...wrongType,
  },
  {
    title: 'signed with an unknown key under an unknown kid',
    token: ({ fresh, signer, attacker }) => forge(fresh, strangerLike(signer, attacker), { kid: 'a-stranger' }),
    ...unknownKey,
  },
  {
    title: 'signed with an unknown key under the kid of a known one',
    token: ({ fresh, signer, attacker }) => forge(fresh, strangerLike(signer, attacker), { kid: signer.kid }),
    ...wrongSignature,
  },
  {
    title: 'that brings the key along with which it is signed',
    token: ({ fresh, published, attacker }) =>
      forge(fresh, attacker.signer, { kid: published.jwk.kid, jwk: attacker.publicKey.export({ format: 'jwk' }) }),
    tokenError: /signature_invalid|algorithm_not_allowed/,
    pyJwtError: /InvalidSignatureError|InvalidAlgorithmError/,
  },
  {
    title: 'that says where to fetch the key with which it is signed',
    token: ({ url, fresh, attacker }) => forge(fresh, attacker.signer, { jku: `${url}/attacker-jwks.json` }),
    tokenError: /key_not_found|algorithm_not_allowed/,
    pyJwtError: /PyJWKClientError|InvalidAlgorithmError/,
  },
  ...headerCase('that has a critical header parameter of its own', { crit: ['tenant'], tenant: 'a' }),
  ...headerCase('that calls a claim critical', { crit: ['exp'] }),
  ...headerCase('with an empty list of critical header parameters', { crit: [] }),
  ...headerCase('whose payload is not encoded', { crit: ['b64'], b64: false }),
  {
    title: 'whose kid is no text',
    token: ({ fresh, signer }) => forge(fresh, signer, { kid: { toString: 'x' } }),
    tokenError: /header_invalid/,
    pyJwtError: /InvalidTokenError/,
  },
  {
    title: 'whose header is nested a thousand deep',
    token: ({ fresh }) => replaceSegments(fresh, encode(`${'['.repeat(2000)}${']'.repeat(2000)}`)),
    tokenError: /header_invalid/,
    pyJwtError: /RecursionError|DecodeError/,
  },
  { title: 'that is one word', token: () => 'swordfish', ...malformed },
  { title: 'that has four parts', token: ({ fresh }) => `${fresh}.e30`, ...malformed },
  {
    title: 'that is followed by another',
    token: ({ fresh }) => `${fresh},${fresh}`,
    isNoCredentials: true,
    tokenError: /code: 'invalid_request'/,
    pyJwtError: /DecodeError/,
  },
  { title: 'with characters that base64url does not have', token: ({ fresh }) => `${fresh}==`, ...malformed },
  {
    title: 'that is too long',
    token: ({ fresh, signer }) => forge(fresh, signer, {}, { padding: 'x'.repeat(8192) }),
    tokenError: /token_too_large/,
    pyJwtError: /DecodeError/,
  },
]

/** A token of the issuer's own key that is wrong in its claims alone. */
function claimCase(
  title: string,
  change: (claims: Record<string, unknown>) => Record<string, unknown>,
  tokenError: RegExp,
  pyJwtError: RegExp,
): RefusedToken[] {
  return [
    {
      title,
      token: ({ fresh, signer }) => forge(fresh, signer, {}, change(readSegment(fresh, 1))),
      tokenError,
      pyJwtError,
    },
  ]
}

/** A token of the issuer's own key with a header that has to be understood. */
function headerCase(title: string, header: Record<string, unknown>): RefusedToken[] {
  const token = ({ fresh, signer }: Issuer) => forge(fresh, signer, header)
  return [{ title, token, tokenError: /header_unsupported/, pyJwtError: /InvalidTokenError|DecodeError/ }]
}

/** A token signed with what everybody can read, as if that were a secret. */
function confusionCase(title: string, secret: (published: KeyPair) => string | Buffer): RefusedToken[] {
  return [
    {
      title: `signed with HS256 and ${title} as its secret`,
      token: ({ fresh, published, signer }) =>
        forge(fresh, makeSecretSigner(secret(published)), {
          kid: signer.alg === 'ES256' ? published.jwk.kid : signer.kid,
        }),
      tokenError: /algorithm_not_allowed|signature_invalid/,
      pyJwtError: /InvalidAlgorithmError|InvalidSignatureError/,
    },
  ]
}

/** Signs with the algorithm that the API takes, and a key that it does not know. */
function strangerLike(signer: Signer, attacker: KeyPair): Signer {
  return signer.alg === 'ES256' ? attacker.signer : makeSecretSigner('a secret of a stranger, long enough to be one')
}
