import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeReference, parseReference } from './reference.ts'
import { SecretSourceError } from './secret-source-error.ts'

test('a text that begins like no reference is the secret itself', () => {
  const texts = [
    ...['postgres://ada:x@db.example/app', 'rediss://cache.example', 'sqlite:/var/lib/x.db', 'a:b', 'vault', ''],
    ...[
      'Vault:secret/app#x',
      'xvault:secret/app#x',
      ' vault:secret/app#x',
      'constructor:x',
      Buffer.alloc(32).toString('base64url'),
    ],
  ]
  for (const text of texts) assert.equal(parseReference(text), undefined, text)
})

test('a reference is described without what it wraps', () => {
  const described = {
    'vault:secret/app#master-key': 'vault:secret/app#master-key',
    'vault:/a/b/c#with space': 'vault:a/b/c#with space',
    'vault-transit:countersign:vault:v12:AAAA': 'vault-transit:transit/countersign',
    'vault-transit:team/transit/key.1:vault:v1:AA==': 'vault-transit:team/transit/key.1',
    'aws-secretsmanager:prod/auth': 'aws-secretsmanager:prod/auth',
    'aws-secretsmanager:arn:aws:secretsmanager:eu-central-1:1234:secret:a/b-XyZ#key':
      'aws-secretsmanager:arn:aws:secretsmanager:eu-central-1:1234:secret:a/b-XyZ#key',
    'aws-kms:AQIDBA==': 'aws-kms',
  }
  for (const [text, expected] of Object.entries(described)) {
    const reference = parseReference(text)
    assert.ok(reference !== undefined)
    assert.equal(describeReference(reference), expected)
  }
})

test('what begins as a reference and is none is refused, and not repeated', () => {
  const texts = [
    ...[
      'vault:',
      'vault:a',
      'vault:a#',
      'vault:#a',
      'vault:a//b#c',
      'vault:a/#c',
      'vault:../sys#c',
      'vault:a/./b#c',
      'vault:a\n#c',
    ],
    ...[
      'vault-transit:key',
      'vault-transit:key:v1:AAAA',
      'vault-transit:key:vault:v1:',
      'vault-transit:../k:vault:v1:AA==',
    ],
    ...['vault-transit:-key:vault:v1:AA==', 'vault-transit::vault:v1:AA=='],
    ...[
      'aws-secretsmanager:',
      'aws-secretsmanager:a b',
      'aws-secretsmanager:a#',
      'aws-kms:',
      'aws-kms:AQIDBA',
      'aws-kms:%',
    ],
  ]
  for (const text of texts) {
    assert.throws(
      () => parseReference(text),
      (error) =>
        error instanceof SecretSourceError &&
        !error.isTransient &&
        /^begins with [a-z-]+: and is not written as /.test(error.message),
      text,
    )
  }
})
