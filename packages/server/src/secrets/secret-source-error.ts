/** Tells why a secret cannot be had from where it is kept, and what to mend. Never holds the secret, or what the source answered. */
export class SecretSourceError extends Error {
  override readonly name = 'SecretSourceError'

  /** Whether the same may work later: the source is away, sealed or too busy. */
  readonly isTransient: boolean

  constructor(message: string, { isTransient = false }: { readonly isTransient?: boolean } = {}) {
    super(message)
    this.isTransient = isTransient
  }
}
