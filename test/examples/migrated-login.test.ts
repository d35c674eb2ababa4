// The login written for jsonwebtoken, run with jsonwebtoken and with @countersign/token: the same requests, the same answers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { changeSignature, encode, forge, makeSecretSigner, readSegment, replaceSegments } from './forged-token.ts'

const folder = join(import.meta.dirname, '../../examples/migrated-login')
const names = ['jsonwebtoken', 'countersign'] as const
const read = (name: string) => readFileSync(join(folder, `server.${name}.js`), 'utf8')
const longestStart = 60_000

const accessSecret = randomBytes(64).toString('hex')
const refreshSecret = randomBytes(64).toString('hex')
const secrets = { ACCESS_TOKEN_SECRET: accessSecret, REFRESH_TOKEN_SECRET: refreshSecret }
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const ada = { username: 'ada', password: 'the analytical engine' }

interface Answer {
  status: number
  body: unknown
}

interface Login {
  call(method: string, path: string, body?: object, token?: string): Promise<Answer>
  stop(): Promise<void>
}

interface Tokens {
  accessToken: string
  refreshToken: string
}

test('the two servers differ by their import and nothing else', () => {
  const [before, after] = names.map((name) => read(name).split('\n'))
  const differing = before?.flatMap((line, index) => (line === after?.[index] ? [] : [[line, after?.[index]]]))
  assert.equal(before?.length, after?.length)
  assert.deepEqual(differing, [
    ["const jwt = require('jsonwebtoken')", "const jwt = require('@countersign/token/compat/jsonwebtoken')"],
  ])
})

const setups = [
  { title: 'with a secret', env: secrets, alg: 'HS256' },
  { title: 'with a key pair', env: { ...secrets, PRIVATE_KEY: privateKey, PUBLIC_KEY: publicKey }, alg: 'RS256' },
]

for (const { title, env, alg } of setups) {
  describe(`The login ${title}`, () => {
    let logins: Login[] = []

    before(async () => {
      logins = await Promise.all(names.map((name) => start(name, env)))
    })
    after(async () => {
      await Promise.all(logins.map((login) => login.stop()))
    })

    /** Does the same with both, and returns what both answered, which has to be the same. */
    async function both(run: (login: Login) => Promise<Answer>): Promise<Answer> {
      const [old, migrated] = await Promise.all(logins.map(run))
      assert.deepEqual(migrated && normalize(migrated), old && normalize(old))
      return migrated ?? assert.fail()
    }

    const signIn = async (login: Login) => (await login.call('POST', '/login', ada)).body as Tokens
    const paths = ['/profile', '/session']
    const present = (make: (tokens: Tokens) => string, path: string) =>
      both(async (login) => login.call('GET', path, undefined, make(await signIn(login))))

    test('registers, and signs in with the right password only', async () => {
      assert.equal((await both((login) => login.call('POST', '/register', ada))).status, 201)
      assert.equal((await both((login) => login.call('POST', '/register', ada))).status, 409)
      assert.equal((await both((login) => login.call('POST', '/register', {}))).status, 400)
      assert.equal((await both((login) => login.call('POST', '/login', { ...ada, password: 'x' }))).status, 401)
      const { status, body } = await both((login) => login.call('POST', '/login', ada))
      assert.equal(status, 200)
      assert.deepEqual(readSegment((body as Tokens).accessToken, 0), { alg, typ: 'JWT' })
    })

    test('lets in whoever has an access token', async () => {
      const { status, body } = await present(({ accessToken }) => accessToken, '/profile')
      assert.equal(status, 200)
      assert.equal((body as { user: { username: string } }).user.username, 'ada')
      assert.equal((await present(({ accessToken }) => accessToken, '/session')).status, 200)
      assert.equal((await both((login) => login.call('GET', '/profile'))).status, 401)
      const session = await both((login) => login.call('GET', '/session'))
      assert.deepEqual(session.body, { name: 'JsonWebTokenError', message: 'jwt must be provided' })
    })

    test('gives another access token for a refresh token until logout', async () => {
      const { status } = await both(async (login) => {
        const { refreshToken: token } = await signIn(login)
        const answer = await login.call('POST', '/token', { token })
        const { accessToken } = answer.body as Tokens
        assert.equal((await login.call('GET', '/profile', undefined, accessToken)).status, 200)
        assert.equal((await login.call('DELETE', '/logout', { token })).status, 204)
        assert.equal((await login.call('POST', '/token', { token })).status, 403)
        return answer
      })
      assert.equal(status, 200)
      assert.equal((await both((login) => login.call('POST', '/token', {}))).status, 401)
    })

    test('takes the tokens of the other, so that nobody is signed out by the change', async () => {
      for (const [from, to] of [logins, logins.toReversed()] as [Login, Login][]) {
        const { accessToken } = await signIn(from)
        assert.equal((await to.call('GET', '/profile', undefined, accessToken)).status, 200)
      }
    })

    for (const { title, make, message } of attacks(alg)) {
      test(`refuses ${title}`, async () => {
        for (const path of paths) {
          const answers = await Promise.all(
            logins.map(async (login) => login.call('GET', path, undefined, make(await signIn(login)))),
          )
          for (const { status } of answers) assert.equal(status, path === '/profile' ? 403 : 401)
          const [, migrated] = answers
          if (path === '/session') assert.equal((migrated?.body as { message?: string } | undefined)?.message, message)
        }
      })
    }
  })
}

test('The migrated login does not sign with a secret that can be guessed', async () => {
  const login = await start('countersign', { ACCESS_TOKEN_SECRET: 'secret', REFRESH_TOKEN_SECRET: 'refresh' })
  try {
    await login.call('POST', '/register', ada)
    assert.equal((await login.call('POST', '/login', ada)).status, 500)
  } finally {
    await login.stop()
  }
})

interface Attack {
  title: string
  make: (tokens: Tokens) => string
  /** What the migrated login says. */
  message: string
}

function attacks(alg: string): Attack[] {
  const signature = { message: 'invalid signature' }
  const algorithm = { message: 'invalid algorithm' }
  const unsigned = (name: string) => (tokens: Tokens) =>
    forge(tokens.accessToken, { alg: name, sign: () => Buffer.alloc(0) }, {}, { username: 'root' })
  const confused = (secret: string) => (tokens: Tokens) =>
    forge(tokens.accessToken, makeSecretSigner(secret), {}, { username: 'root' })
  const expired = ({ accessToken }: Tokens) =>
    forge(accessToken, makeSecretSigner(accessSecret), {}, { iat: 1_700_000_000, exp: 1_700_000_900 })
  return [
    ...['none', 'None', 'nOnE', 'NONE'].flatMap((name) => [
      { title: `a token with the algorithm ${name}`, make: unsigned(name), message: 'jwt signature is required' },
      {
        title: `a token with the algorithm ${name} and the signature of another`,
        make: ({ accessToken }: Tokens) => replaceSegments(accessToken, encode(JSON.stringify({ alg: name }))),
        ...algorithm,
      },
    ]),
    {
      title: 'a token whose payload was changed',
      make: ({ accessToken }) =>
        replaceSegments(accessToken, undefined, encode(JSON.stringify({ ...readSegment(accessToken, 1), id: 2 }))),
      ...signature,
    },
    {
      title: 'a token whose signature was changed',
      make: ({ accessToken }) => changeSignature(accessToken),
      ...signature,
    },
    { title: 'a word', make: () => 'swordfish', message: 'jwt malformed' },
    { title: 'a token signed with an empty secret', make: confused(''), ...(alg === 'RS256' ? algorithm : signature) },
    ...(alg === 'RS256'
      ? [publicKey, publicKey.trimEnd(), privateKey].map((pem, index) => ({
          title: `a token signed with HS256 and a PEM text that is known (${index})`,
          make: confused(pem),
          ...algorithm,
        }))
      : [
          { title: 'a token that has expired', make: expired, message: 'Please sign in again' },
          { title: 'a refresh token', make: ({ refreshToken }: Tokens) => refreshToken, ...signature },
        ]),
  ]
}

/** Replaces each token by what it says, and each moment by how far it is from `iat`. */
function normalize(value: unknown): unknown {
  if (typeof value === 'string' && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) {
    return [readSegment(value, 0), normalize(readSegment(value, 1))]
  }
  if (typeof value !== 'object' || value === null) return value
  const { iat, exp, expiresAt, ...rest } = value as Record<string, unknown>
  const members = Object.entries(rest).map(([name, member]) => [name, normalize(member)])
  const times = {
    ...(exp !== undefined && { lifetime: Number(exp) - Number(iat) }),
    hasExpiry: expiresAt !== undefined,
  }
  return { ...Object.fromEntries(members), ...times }
}

/** Starts one of the two servers and resolves once it listens. */
async function start(name: string, env: Record<string, string>): Promise<Login> {
  const { PATH = '', HOME = '', COUNTERSIGN_TEST_RUN = '' } = process.env
  const child = spawn(process.execPath, ['--conditions=@countersign/source', `server.${name}.js`], {
    cwd: folder,
    env: { PATH, HOME, COUNTERSIGN_TEST_RUN, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const tooLate = setTimeout(() => child.kill('SIGKILL'), longestStart)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    void gone.then(() => reject(new Error(`server.${name}.js ended before it listened:\n${output}`)))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const match = /^Listening on (http:\S+)\n/m.exec(output)
        if (match?.[1] !== undefined) resolve(match[1])
      })
    }
  }).finally(() => clearTimeout(tooLate))

  return {
    async call(method, path, body, token) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : undefined }
    },
    async stop() {
      child.kill('SIGTERM')
      await gone
    },
  }
}
