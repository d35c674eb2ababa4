/** Secrets of AWS Secrets Manager, or members of those that are JSON objects. */
import { clientSettings, describeAwsFailure, loadSdk } from './aws.ts'
import type { AwsSecretReference } from './reference.ts'
import { SecretSourceError } from './secret-source-error.ts'

/** Reads the current version of a secret. @throws SecretSourceError */
export async function readAwsSecret({ id, member }: AwsSecretReference): Promise<string> {
  const text = await readText(id)
  if (member === undefined) return text
  const value = readMember(text, member)
  if (value === undefined)
    throw new SecretSourceError(
      `the secret is no JSON object with a text named ${JSON.stringify(member)}: correct what follows #`,
    )
  return value
}

async function readText(id: string): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await loadSdk(
    '@aws-sdk/client-secrets-manager',
    () => import('@aws-sdk/client-secrets-manager'),
  )
  // The ARN of a secret says where it is.
  const [, region] = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(id) ?? []
  const client = new SecretsManagerClient({ ...clientSettings, ...(region !== undefined && { region }) })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }))
    if (SecretString === undefined) throw new SecretSourceError('the secret is binary: keep it as text')
    return SecretString
  } catch (error) {
    throw describeAwsFailure('AWS Secrets Manager', 'read it', error)
  } finally {
    client.destroy()
  }
}

function readMember(text: string, member: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, member)) return undefined
    const value = (parsed as Record<string, unknown>)[member]
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
