/** The entry point: the ways to import it, the forms of its functions, and its types. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mock, test } from 'node:test'
import { promisify } from 'node:util'
import * as namespace from './jsonwebtoken.ts'
import jwt, {
  decode,
  JsonWebTokenError,
  type Jwt,
  type JwtPayload,
  NotBeforeError,
  promises,
  type SignOptions,
  sign,
  TokenExpiredError,
  verify,
} from './jsonwebtoken.ts'

const secret = 'x'.repeat(32)
const token = sign({ sub: 'u' }, secret, { expiresIn: 60 })

test('the default import, the named ones, import * and require give the same functions', () => {
  const required = createRequire(import.meta.url)('./jsonwebtoken.ts') as typeof jwt
  const named = { decode, sign, verify, promises, JsonWebTokenError, NotBeforeError, TokenExpiredError }
  assert.deepEqual({ ...jwt }, named)
  assert.equal(required, jwt)
  for (const [name, value] of Object.entries(named)) assert.equal((namespace as Record<string, unknown>)[name], value)
})

test('the entry point is that of package.json', async () => {
  const { exports } = createRequire(import.meta.url)('../../package.json') as { exports: Record<string, object> }
  assert.deepEqual(exports['./compat/jsonwebtoken'], {
    '@countersign/source': './src/compat/jsonwebtoken.ts',
    types: './dist/compat/jsonwebtoken.d.ts',
    default: './dist/compat/jsonwebtoken.js',
  })
})

test('a test can replace a function of the default import', () => {
  const replaced = mock.method(jwt, 'verify', () => ({ sub: 'someone else' }))
  assert.deepEqual(jwt.verify(token, secret), { sub: 'someone else' })
  replaced.mock.restore()
  assert.equal(jwt.verify(token, secret).sub, 'u')
})

test('promises.sign and promises.verify return promises, and reject where the others throw', async () => {
  const later = await promises.sign({ sub: 'v' }, secret, { expiresIn: 60 })
  assert.equal((await promises.verify(later, secret)).sub, 'v')
  assert.equal((await promises.verify(later, (_header, found) => found(null, secret))).sub, 'v')
  assert.equal((await promises.verify(later, secret, { complete: true })).header.alg, 'HS256')
  await assert.rejects(promises.sign({}, 'short'), TypeError)
  await assert.rejects(promises.verify(token, 'y'.repeat(32)), JsonWebTokenError)
  await assert.rejects(promises.verify(token, secret, { audience: 'a' }), {
    message: 'jwt audience invalid. expected: a',
  })
})

test('util.promisify makes promises of sign and verify', async () => {
  type Promised<T> = (first: unknown, key: string, options?: object) => Promise<T>
  const signLater = promisify(sign) as unknown as Promised<string>
  const verifyLater = promisify(verify) as unknown as Promised<JwtPayload>
  const later = await signLater({ sub: 'v' }, secret, { expiresIn: 60 })
  assert.equal((await verifyLater(later, secret, { subject: 'v' })).sub, 'v')
  assert.equal((await verifyLater(later, secret)).sub, 'v')
  await assert.rejects(signLater({}, 'short'), TypeError)
  await assert.rejects(verifyLater(later, 'y'.repeat(32)), { message: 'invalid signature' })
})

test('the types are those that programs name', () => {
  const options: SignOptions = { expiresIn: '15m', algorithm: 'HS256' }
  const payload: JwtPayload = verify(sign({ sub: 'u' }, secret, options), secret)
  const complete: Jwt = verify(token, secret, { complete: true })
  const mine = verify(token, secret) as { id: string }
  // @ts-expect-error: none is no algorithm
  assert.throws(() => sign({}, secret, { algorithm: 'none' }), TypeError)
  // @ts-expect-error: a function finds keys only for a callback or a promise
  assert.throws(() => verify(token, (_header, found) => found(null, secret)), TypeError)
  assert.deepEqual([payload.sub, complete.payload.sub, mine.id], ['u', 'u', undefined])
})

test('the errors are those of jsonwebtoken, and tell their name, their message and no more in JSON', () => {
  const expired = new TokenExpiredError('jwt expired', new Date(0))
  const early = new NotBeforeError('jwt not active', new Date(0))
  const other = new JsonWebTokenError('invalid token', new Error('inside'))
  const json = (error: Error): unknown => JSON.parse(JSON.stringify(error))
  assert.ok(expired instanceof JsonWebTokenError && early instanceof JsonWebTokenError && other instanceof Error)
  assert.deepEqual(json(expired), {
    name: 'TokenExpiredError',
    message: 'jwt expired',
    expiredAt: new Date(0).toJSON(),
  })
  assert.deepEqual(json(early), { name: 'NotBeforeError', message: 'jwt not active', date: new Date(0).toJSON() })
  assert.deepEqual(json(other), { name: 'JsonWebTokenError', message: 'invalid token' })
  assert.equal((other.inner as Error).message, 'inside')
})
