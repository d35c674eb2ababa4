/** Owns the document by which a resource says where to get tokens for it (RFC 9728 §2). */

/** What a resource says of itself. */
export interface ResourceMetadataOptions {
  /** The identifier of the resource, as given to `protect`. */
  readonly resource: string
  /** The issuers whose tokens it accepts. */
  readonly issuers: readonly string[]
  /** @default none are named */
  readonly scopes?: readonly string[]
  /** A name for people. @default none */
  readonly name?: string
  /** Where its documentation is. @default nowhere */
  readonly documentation?: string
}

/** Protected resource metadata, as they are sent (RFC 9728 §2). */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
}

/**
 * Creates the document for `/.well-known/oauth-protected-resource` (RFC 9728 §3).
 *
 * @example app.get('/.well-known/oauth-protected-resource', (request, response) => response.json(metadata))
 */
export function createResourceMetadata(options: ResourceMetadataOptions): ResourceMetadata {
  const { resource, issuers, scopes, name, documentation } = options
  return {
    resource,
    authorization_servers: issuers,
    bearer_methods_supported: ['header'],
    ...(scopes !== undefined && { scopes_supported: scopes }),
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  }
}
