/**
 * What a secret setting may be instead of its value: a text that says where the secret is kept, or that holds it wrapped by a key
 * which never leaves its vault.
 *
 *   vault:<path>#<field>                                 a field of a secret of Vault's KV engine
 *   vault-transit:[<mount>/]<key name>:vault:v<n>:…      wrapped by Vault's transit engine
 *   aws-secretsmanager:<name or ARN>[#<member>]          a secret of AWS, or a member of its JSON
 *   aws-kms:<ciphertext in base64>                       wrapped by a key of AWS KMS
 */
import { SecretSourceError } from './secret-source-error.ts'

/** A field of a secret of Vault's KV engine. */
export interface VaultReference {
  readonly kind: 'vault'
  readonly path: string
  readonly field: string
}

/** A key of Vault's transit engine. */
export interface TransitKey {
  readonly mount: string
  readonly key: string
}

/** What a key of Vault's transit engine has wrapped. */
export interface TransitReference extends TransitKey {
  readonly kind: 'vault-transit'
  readonly ciphertext: string
}

/** A secret of AWS Secrets Manager, or one member of it. */
export interface AwsSecretReference {
  readonly kind: 'aws-secretsmanager'
  readonly id: string
  readonly member: string | undefined
}

/** What a key of AWS KMS has wrapped. */
export interface KmsReference {
  readonly kind: 'aws-kms'
  readonly ciphertext: Uint8Array
}

export type Reference = VaultReference | TransitReference | AwsSecretReference | KmsReference

const forms: Record<Reference['kind'], string> = {
  vault: 'vault:<path>#<field>',
  'vault-transit': 'vault-transit:<key name>:vault:v1:…, as countersign secret --wrap prints it',
  'aws-secretsmanager': 'aws-secretsmanager:<name or ARN>, with #<member> for a member of its JSON',
  'aws-kms': 'aws-kms:<ciphertext in base64>, as countersign secret --wrap prints it',
}

const parsers: Record<Reference['kind'], (rest: string) => Reference | undefined> = {
  vault: parseVault,
  'vault-transit': parseTransit,
  'aws-secretsmanager': parseAwsSecret,
  'aws-kms': parseKms,
}

/** Reads a reference; `undefined` for a text that is the secret itself. @throws SecretSourceError for one that is written wrongly */
export function parseReference(text: string): Reference | undefined {
  const [, kind, rest = ''] = /^([a-z-]+):(.*)$/s.exec(text) ?? []
  if (kind === undefined || !isKind(kind)) return undefined
  const reference = parsers[kind](rest)
  if (reference === undefined) throw new SecretSourceError(`begins with ${kind}: and is not written as ${forms[kind]}`)
  return reference
}

/** Names a reference in a message or a listing. A ciphertext, which is of no use to a reader, is left out. */
export function describeReference(reference: Reference): string {
  switch (reference.kind) {
    case 'vault':
      return `vault:${reference.path}#${reference.field}`
    case 'vault-transit':
      return `vault-transit:${reference.mount}/${reference.key}`
    case 'aws-secretsmanager':
      return `aws-secretsmanager:${reference.id}${reference.member === undefined ? '' : `#${reference.member}`}`
    case 'aws-kms':
      return 'aws-kms'
  }
}

/** Reads `[<mount>/]<key name>`; the mount is `transit` unless named. `undefined` for what is no key. */
export function parseTransitKey(text: string): TransitKey | undefined {
  const [, mount = 'transit', key] = /^(?:([\w./-]+)\/)?(\w(?:[\w.-]*\w)?)$/.exec(text) ?? []
  return key === undefined || !isPath(mount) ? undefined : { mount, key }
}

function isKind(kind: string): kind is Reference['kind'] {
  return Object.hasOwn(forms, kind)
}

function parseVault(rest: string): VaultReference | undefined {
  const [, path = '', field] = /^\/?([^#]+)#(.+)$/.exec(rest) ?? []
  return field === undefined || !isPath(path) ? undefined : { kind: 'vault', path, field }
}

/** Whether each step leads downward: a path such as a/../sys would leave what it seems to name. */
function isPath(path: string): boolean {
  return path.split('/').every((step) => !/^\.{0,2}$|[\p{Cc}]/u.test(step))
}

function parseTransit(rest: string): TransitReference | undefined {
  const [, name = '', ciphertext] = /^([^:]+):(vault:v\d+:[A-Za-z0-9+/]+={0,2})$/.exec(rest) ?? []
  const key = parseTransitKey(name)
  return key === undefined || ciphertext === undefined ? undefined : { kind: 'vault-transit', ...key, ciphertext }
}

function parseAwsSecret(rest: string): AwsSecretReference | undefined {
  const [, id, member] = /^([\w/+=.@:-]+)(?:#(.+))?$/.exec(rest) ?? []
  return id === undefined ? undefined : { kind: 'aws-secretsmanager', id, member }
}

function parseKms(rest: string): KmsReference | undefined {
  const ciphertext = Buffer.from(rest, 'base64')
  return rest !== '' && ciphertext.toString('base64') === rest ? { kind: 'aws-kms', ciphertext } : undefined
}
