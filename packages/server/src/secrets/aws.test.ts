import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSdk } from './aws.ts'

test('a package of the SDK that is not installed is an error that says how to install it', async () => {
  const name = '@aws-sdk/client-not-there'
  await assert.rejects(
    loadSdk(name, () => import(name)),
    { name: 'SecretSourceError', message: `the package ${name} is not installed: npm install ${name}` },
  )
})

test('a package of the SDK that is broken is another error', async () => {
  const broken = new Error('broken')
  await assert.rejects(
    loadSdk('@aws-sdk/client-kms', () => Promise.reject(broken)),
    broken,
  )
})
