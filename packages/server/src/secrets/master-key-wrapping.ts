/** Wraps a master key by a key that never leaves its vault. The text is what COUNTERSIGN_MASTER_KEY is set to. */
import { parseTransitKey } from './reference.ts'
import { SecretSourceError } from './secret-source-error.ts'

/**
 * Wraps 32 bytes by a key that is named `vault-transit:[<mount>/]<key>` or `aws-kms:<id, ARN or alias>`.
 *
 * @throws SecretSourceError when the key cannot be used
 */
export async function wrapMasterKey(
  target: string,
  bytes: Uint8Array,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const [, kind, name = ''] = /^(vault-transit|aws-kms):([\w/:.-]+)$/.exec(target) ?? []
  if (kind === 'aws-kms') {
    const { wrapWithKms } = await import('./aws-kms.ts')
    return `aws-kms:${Buffer.from(await wrapWithKms(name, bytes)).toString('base64')}`
  }
  const key = kind === undefined ? undefined : parseTransitKey(name)
  if (key === undefined)
    throw new SecretSourceError(
      'the wrapping key must be vault-transit:<key name> or aws-kms:<id, ARN or alias of a key>',
    )
  const { openVault } = await import('./vault.ts')
  const vault = await openVault(env)
  try {
    return `vault-transit:${name}:${await vault.wrap(key, bytes)}`
  } finally {
    await vault.close()
  }
}
