// What AWS answers, and what is made of it.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type AwsDouble, startAws } from './aws-double.ts'
import { accessKey, type Env, masterKey, printConfig, run, settings } from './countersign.ts'

const secrets = {
  'prod/url': 'postgres://ada:MARKED@whole.example/db',
  'prod/json': JSON.stringify({ url: 'postgres://ada:MARKED@member.example/db', number: 5 }),
  'prod/bytes': new Uint8Array([1, 2]),
}

async function setUp(t: TestContext): Promise<{ aws: AwsDouble; env: Env }> {
  const aws = await startAws(t, secrets, accessKey)
  return { aws, env: { ...settings, COUNTERSIGN_MASTER_KEY: masterKey.toString('base64url'), ...aws.env } }
}

const database = (reference: string) => ({ COUNTERSIGN_DATABASE_URL: `aws-secretsmanager:${reference}` })

describe('a secret of AWS Secrets Manager', () => {
  test('is taken whole, or a member of its JSON', async (t) => {
    const { env } = await setUp(t)
    for (const [reference, host] of [
      ['prod/url', 'whole'],
      ['prod/json#url', 'member'],
    ] as const) {
      const { code, problems, get } = await printConfig({ ...env, ...database(reference) })
      assert.deepEqual([code, problems], [0, []])
      assert.equal(get('COUNTERSIGN_DATABASE_URL').value, `postgres://${host}.example/db`)
    }
  })

  const refused = {
    'prod/none': /refuses to read it \(ResourceNotFoundException\): there is no such secret in this region and account/,
    'prod/json#none': /the secret is no JSON object with a text named "none": correct what follows #/,
    'prod/json#number': /the secret is no JSON object with a text named "number"/,
    'prod/url#url': /the secret is no JSON object with a text named "url"/,
    'prod/bytes': /the secret is binary: keep it as text/,
  }
  for (const [reference, expected] of Object.entries(refused)) {
    test(`${reference} is refused by the name of the setting, and of what is missing`, async (t) => {
      const { env } = await setUp(t)
      const { code, problems } = await printConfig({ ...env, ...database(reference) })
      assert.deepEqual([code, problems.length], [2, 1])
      assert.match(problems[0] ?? '', expected)
      assert.match(problems[0] ?? '', /^COUNTERSIGN_DATABASE_URL cannot be had from aws-secretsmanager:prod/)
    })
  }

  test('is refused where the credentials are wrong, missing or too weak, or the region is missing', async (t) => {
    const { aws, env } = await setUp(t)
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
    const cases: [Env, RegExp][] = [
      [
        { AWS_SECRET_ACCESS_KEY: 'MARKED/other' },
        /\(InvalidSignatureException\): check the credentials and AWS_REGION$/,
      ],
      [none, /there are no AWS credentials: give this server a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID$/],
      [{ AWS_REGION: '' }, /: AWS_REGION is not set, or is none: give the region/],
    ]
    for (const [wrong, expected] of cases) {
      const { code, problems } = await printConfig({ ...env, ...database('prod/url'), ...wrong })
      assert.match(problems[0] ?? '', expected)
      assert.equal(code, 2)
    }
    const { AWS_REGION: _, ...nowhere } = env
    assert.match(
      (await printConfig({ ...nowhere, ...database('prod/url') })).problems[0] ?? '',
      /AWS_REGION is not set/,
    )
    aws.faults.push([400, 'AccessDeniedException'])
    const { code, problems } = await printConfig({ ...env, ...database('prod/url') })
    assert.equal(code, 2)
    assert.match(problems[0] ?? '', /\(AccessDeniedException\): give the role of this server a policy that permits it$/)
  })

  test('is asked for again while AWS is busy, and then no more: exit 3', async (t) => {
    const { aws, env } = await setUp(t)
    aws.faults.push([500, 'InternalServiceError'], [400, 'ThrottlingException'])
    assert.equal((await printConfig({ ...env, ...database('prod/url') })).code, 0)
    assert.equal(aws.calls.length, 3)
    await aws.stop()
    const { code, problems } = await printConfig({ ...env, ...database('prod/url') })
    assert.equal(code, 3)
    assert.match(problems[0] ?? '', /AWS Secrets Manager does not answer \(ECONNREFUSED\): see to the way there/)
  })
})

describe('a master key that a key of AWS KMS wraps', () => {
  test('is new, is never printed, and is all that a start needs', async (t) => {
    const { aws, env } = await setUp(t)
    const { code, stdout } = await run(['secret', '--wrap', 'aws-kms:alias/countersign'], env)
    assert.equal(code, 0)
    const printed = await printConfig({ ...env, COUNTERSIGN_MASTER_KEY: stdout.trim() })
    assert.deepEqual([printed.code, printed.get('COUNTERSIGN_MASTER_KEY').at], [0, 'aws-kms'])
    assert.deepEqual(aws.calls, ['Encrypt', 'Decrypt'])
  })

  test('does not open when it was wrapped for another use, and must be 32 bytes', async (t) => {
    const { aws, env } = await setUp(t)
    const context = { application: 'countersign', purpose: 'master-key' }
    const cases: [string, RegExp][] = [
      [
        aws.encrypt(masterKey, { application: 'another' }),
        /refuses to decrypt \(InvalidCiphertextException\): it was wrapped in another region/,
      ],
      [aws.encrypt(masterKey.subarray(1), context), /what it opens to is not 32 bytes/],
    ]
    for (const [ciphertext, expected] of cases) {
      const { code, problems } = await printConfig({ ...env, COUNTERSIGN_MASTER_KEY: `aws-kms:${ciphertext}` })
      assert.equal(code, 2)
      assert.match(problems[0] ?? '', expected)
    }
  })

  test('is refused with the reason when there is no such key', async (t) => {
    const { env } = await setUp(t)
    const { code, stdout, stderr } = await run(['secret', '--wrap', 'aws-kms:alias/other'], env)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(
      stderr,
      /^AWS KMS refuses to encrypt \(NotFoundException\): there is no such key in this region and account/,
    )
  })
})
