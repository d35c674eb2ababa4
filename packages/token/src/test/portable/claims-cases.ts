/** What the claims and the type of a token must say, under a signature that holds. */
import { type Case, cases } from './case.ts'
import { expectRefusal } from './expect.ts'
import { accepts, CLAIMS as claims, NOW, refuses, tokenOf, verifierOf, without } from './verifier-checks.ts'

const CLAIM_RULES: readonly Case[] = cases('the claims of a token', {
  'iss is a string equal to one of those accepted: no array, no part, no other case': async (scene) => {
    await accepts(scene, claims)
    await accepts(scene, claims, { issuer: ['https://other.example', 'https://issuer.example'] })
    for (const iss of [
      'https://issuer.example/',
      'https://issuer.exampl',
      'HTTPS://ISSUER.EXAMPLE',
      '',
      ' https://issuer.example',
    ])
      await refuses(scene, 'issuer_mismatch', { ...claims, iss }, {}, 'iss')
    await refuses(scene, 'issuer_mismatch', without(claims, 'iss'), {}, 'iss')
    for (const iss of [['https://issuer.example'], 5, null, {}, true])
      await refuses(scene, 'claim_invalid', { ...claims, iss }, {}, 'iss')
  },

  'aud is a string or an array of strings, one of which is accepted': async (scene) => {
    await accepts(scene, { ...claims, aud: ['other', 'api'] })
    await accepts(scene, { ...claims, aud: 'second' }, { audience: ['api', 'second'] })
    for (const aud of ['api2', 'ap', 'API', '', [], [''], ['api2', 'other'], 'other api'])
      await refuses(scene, 'audience_mismatch', { ...claims, aud }, {}, 'aud')
    await refuses(scene, 'audience_mismatch', without(claims, 'aud'), {}, 'aud')
    for (const aud of [5, null, {}, { api: true }, ['api', 5], [['api']], true])
      await refuses(scene, 'claim_invalid', { ...claims, aud }, {}, 'aud')
  },

  'exp is present, a finite number that is not negative, and later than now by the tolerance at most': async (
    scene,
  ) => {
    for (const exp of [NOW - 4, NOW - 4.999, NOW + 0.5, NOW + 1e9]) await accepts(scene, { ...claims, exp })
    for (const exp of [NOW - 5, NOW - 6, 0, 1]) await refuses(scene, 'token_expired', { ...claims, exp }, {}, 'exp')
    await refuses(scene, 'token_expired', { ...claims, exp: NOW }, { clockTolerance: 0 }, 'exp')
    await accepts(scene, { ...claims, exp: NOW - 299 }, { clockTolerance: 300 })
    await refuses(scene, 'claim_missing', without(claims, 'exp'), {}, 'exp')
    for (const exp of [String(NOW + 60), null, [NOW + 60], {}, true, -1])
      await refuses(scene, 'claim_invalid', { ...claims, exp }, {}, 'exp')
    for (const exp of ['1e999', '-1e999', '-1']) {
      const json = JSON.stringify(claims).replace(String(claims.exp), exp)
      await refuses(scene, 'claim_invalid', json, {}, 'exp')
    }
  },

  'exp may be absent only where that was waived by name, and is checked where it is present': async (scene) => {
    const waived = { dangerouslyAllowNoExpiry: true }
    await accepts(scene, without(claims, 'exp'), waived)
    await refuses(scene, 'token_expired', { ...claims, exp: NOW - 60 }, waived)
    await refuses(scene, 'claim_invalid', { ...claims, exp: null }, waived)
  },

  'nbf is not later than now by more than the tolerance': async (scene) => {
    for (const nbf of [0, NOW, NOW + 5, NOW - 0.5]) await accepts(scene, { ...claims, nbf })
    for (const nbf of [NOW + 5.001, NOW + 60])
      await refuses(scene, 'token_not_yet_valid', { ...claims, nbf }, {}, 'nbf')
    for (const nbf of ['0', null, -1, {}]) await refuses(scene, 'claim_invalid', { ...claims, nbf }, {}, 'nbf')
  },

  'iat is not in the future, so that no token outlives a revocation of everything issued before now': async (scene) => {
    await accepts(scene, { ...claims, iat: NOW + 5 })
    await accepts(scene, without(claims, 'iat'))
    await refuses(scene, 'token_not_yet_valid', { ...claims, iat: NOW + 6 }, {}, 'iat')
    for (const iat of ['0', null, -1, {}]) await refuses(scene, 'claim_invalid', { ...claims, iat }, {}, 'iat')
  },

  'maxTokenAge limits the time since iat, which is then required': async (scene) => {
    await accepts(scene, { ...claims, iat: NOW - 605 }, { maxTokenAge: '10m' })
    await refuses(scene, 'token_too_old', { ...claims, iat: NOW - 606 }, { maxTokenAge: 600 }, 'iat')
    await refuses(scene, 'claim_missing', without(claims, 'iat'), { maxTokenAge: 600 }, 'iat')
  },

  'maxLifetime limits the time from iat to exp, which are then required': async (scene) => {
    await accepts(scene, { ...claims, iat: NOW - 60, exp: NOW + 60 }, { maxLifetime: '2m' })
    const limited = { maxLifetime: '2m' }
    await refuses(scene, 'lifetime_too_long', { ...claims, iat: NOW - 60, exp: NOW + 61 }, limited, 'exp')
    await refuses(scene, 'lifetime_too_long', { ...claims, exp: NOW * 1000 }, { maxLifetime: '1h' }, 'exp')
    await refuses(scene, 'claim_missing', without(claims, 'iat'), limited, 'iat')
    await refuses(scene, 'claim_missing', without(claims, 'exp'), { ...limited, dangerouslyAllowNoExpiry: true }, 'exp')
  },

  'requiredClaims are present, of the token itself, and not null': async (scene) => {
    await accepts(scene, { ...claims, sub: 'a', roles: [] }, { requiredClaims: ['sub', 'roles'] })
    await refuses(scene, 'claim_missing', claims, { requiredClaims: ['sub'] }, 'sub')
    await refuses(scene, 'claim_missing', { ...claims, roles: null }, { requiredClaims: ['roles'] }, 'roles')
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__'])
      await refuses(scene, 'claim_missing', claims, { requiredClaims: [name] }, name)
  },

  'sub, jti, client_id and scope are strings where they are present': async (scene) => {
    for (const claim of ['sub', 'jti', 'client_id', 'scope']) {
      await accepts(scene, { ...claims, [claim]: 'a' })
      for (const value of [5, null, ['a'], {}, true])
        await refuses(scene, 'claim_invalid', { ...claims, [claim]: value }, {}, claim)
    }
  },

  'a clock that is not a number refuses every token': async (scene) => {
    for (const now of [Number.NaN, undefined, 'soon']) await refuses(scene, 'token_expired', claims, { now: () => now })
  },

  'unusual but valid stays valid': async (scene) => {
    const roles = [{ a: [null, 1e3, 'ü'] }]
    const unusual = { exp: NOW + 0.25, iat: NOW - 0.5, 'https://app.example/roles': roles, sub: '🦊', constructor: 1 }
    await accepts(scene, { ...claims, ...unusual })
    await accepts(scene, `  ${JSON.stringify(claims, undefined, 2)}\r\n`)
    const header = { cty: 'JWT', 'x-app': { a: 1 }, x5t: 'abc', typ: 'whatever' }
    await verifierOf(scene)(await tokenOf(scene, claims, header))
  },
})

const TYPES: readonly Case[] = cases('typ', {
  'is a media type: in any case, with or without application/ (RFC 7515 §4.1.9)': async (scene) => {
    const verify = async (typ: string, received: string): Promise<unknown> =>
      verifierOf(scene, { typ })(await tokenOf(scene, claims, { typ: received }))
    for (const received of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])
      await verify('at+jwt', received)
    await verify('application/at+jwt', 'at+jwt')
    await verify('text/x', 'TEXT/X')
    await expectRefusal(() => verify('text/x', 'application/text/x'), { code: 'type_mismatch' })
  },

  'refuses another type, a part of it, and none': async (scene) => {
    const others = ['JWT', 'jwt', 'at', 'at+jwt2', 'text/at+jwt', 'application/application/at+jwt', 'at+jwt;v=1', '']
    for (const typ of [...others, undefined]) {
      const token = await tokenOf(scene, claims, { typ })
      await expectRefusal(() => verifierOf(scene, { typ: 'at+jwt' })(token), { code: 'type_mismatch', claim: 'typ' })
    }
  },

  'is not looked at unless it is asked for, but must be a string': async (scene) => {
    await verifierOf(scene)(await tokenOf(scene, claims, { typ: 'anything' }))
    for (const typ of [5, null, ['at+jwt']]) {
      const token = await tokenOf(scene, claims, { typ })
      await expectRefusal(() => verifierOf(scene)(token), { code: 'header_invalid', claim: 'typ' })
    }
  },
})

/** What a verifier asks of claims and type. */
export const CLAIMS_CASES: readonly Case[] = [...CLAIM_RULES, ...TYPES]
