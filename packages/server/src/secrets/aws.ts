/**
 * What both services of AWS have in common: their SDK, which is installed by those who use it, its time-outs, and what its failures
 * mean. The SDK finds region and credentials itself, as every program of AWS does.
 */
import { SecretSourceError } from './secret-source-error.ts'

/** How the clients of the SDK are made: at most three tries of five seconds. */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 5000, requestTimeout: 5000, throwOnRequestTimeout: true },
} as const

/** Loads a package of the SDK. @throws SecretSourceError that says how to install it */
export async function loadSdk<Sdk>(name: string, load: () => Promise<Sdk>): Promise<Sdk> {
  try {
    return await load()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(name)) throw error
    throw new SecretSourceError(`the package ${name} is not installed: npm install ${name}`)
  }
}

const mends: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'there is no such secret in this region and account: correct the name, or AWS_REGION',
  InvalidRequestException: 'the secret has no value, or is about to be deleted: restore it',
  AccessDeniedException: 'give the role of this server a policy that permits it',
  NotFoundException: 'there is no such key in this region and account: correct its name, or AWS_REGION',
  DisabledException: 'enable the key',
  KMSInvalidStateException: 'the key is disabled or about to be deleted: enable it',
  InvalidCiphertextException: 'it was wrapped in another region, or without countersign secret --wrap',
  IncorrectKeyException: 'it was wrapped by another key',
}

/** Tells what a failure of the SDK means, without its text. `act` is such as `read it` or `decrypt`. */
export function describeAwsFailure(service: string, act: string, error: unknown): SecretSourceError {
  if (error instanceof SecretSourceError) return error
  const { name, message, code, $metadata, $retryable } = error as Failure
  if (/^Region (is missing|not accepted)/.test(message))
    return new SecretSourceError('AWS_REGION is not set, or is none: give the region of the secret or key')
  if (name === 'CredentialsProviderError')
    return new SecretSourceError(
      'there are no AWS credentials: give this server a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID',
    )
  const status = $metadata?.httpStatusCode ?? 0
  if (name === 'TimeoutError' || (status === 0 && code !== undefined))
    return new SecretSourceError(
      `${service} does not answer (${code ?? name}): see to the way there, or correct AWS_REGION`,
      {
        isTransient: true,
      },
    )
  if (status === 429 || status >= 500 || $retryable !== undefined)
    return new SecretSourceError(`${service} is too busy (${name}): try again`, { isTransient: true })
  const mend = Object.hasOwn(mends, name) ? mends[name] : 'check the credentials and AWS_REGION'
  return new SecretSourceError(`${service} refuses to ${act} (${name}): ${mend}`)
}

interface Failure extends Error {
  /** Of the network. */
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: object
}
