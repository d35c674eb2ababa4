/** A key of AWS KMS, which never leaves it: wraps and unwraps the master key. */
import { clientSettings, describeAwsFailure, loadSdk } from './aws.ts'
import { SecretSourceError } from './secret-source-error.ts'

/** Authenticated with the ciphertext, written to CloudTrail, and what a policy can ask for (`kms:EncryptionContext:application`). */
const context = { application: 'countersign', purpose: 'master-key' }

/** Wraps bytes with a key, named by id, ARN or alias. @throws SecretSourceError */
export async function wrapWithKms(keyId: string, bytes: Uint8Array): Promise<Uint8Array> {
  return withKms('encrypt', async ({ client, EncryptCommand }) => {
    const command = new EncryptCommand({ KeyId: keyId, Plaintext: bytes, EncryptionContext: context })
    return (await client.send(command)).CiphertextBlob
  })
}

/** Opens what `wrapWithKms` made; the ciphertext names its key. @throws SecretSourceError */
export async function unwrapWithKms(ciphertext: Uint8Array): Promise<Uint8Array> {
  return withKms('decrypt', async ({ client, DecryptCommand }) => {
    const command = new DecryptCommand({ CiphertextBlob: ciphertext, EncryptionContext: context })
    return (await client.send(command)).Plaintext
  })
}

type Sdk = typeof import('@aws-sdk/client-kms')
type Kms = Pick<Sdk, 'EncryptCommand' | 'DecryptCommand'> & { readonly client: InstanceType<Sdk['KMSClient']> }

async function withKms(act: string, use: (kms: Kms) => Promise<Uint8Array | undefined>): Promise<Uint8Array> {
  const sdk = await loadSdk('@aws-sdk/client-kms', () => import('@aws-sdk/client-kms'))
  const client = new sdk.KMSClient(clientSettings)
  try {
    const bytes = await use({ client, EncryptCommand: sdk.EncryptCommand, DecryptCommand: sdk.DecryptCommand })
    if (bytes === undefined) throw new SecretSourceError('AWS KMS answers without a value')
    return bytes
  } catch (error) {
    throw describeAwsFailure('AWS KMS', act, error)
  } finally {
    client.destroy()
  }
}
