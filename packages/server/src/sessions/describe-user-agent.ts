/** What a User-Agent header says, in words that a person finds their devices by. It is whatever the client wrote: nothing is decided by it. */
export interface UserAgentDescription {
  /** Such as `iPhone`, `Windows`, `macOS`; `null` when the header does not say. */
  readonly device: string | null
  /** Such as `Firefox 144`; `null` when the header does not say. */
  readonly browser: string | null
}

interface Parsed {
  readonly browser: { readonly name?: string; readonly version?: string }
  readonly os: { readonly name?: string }
  readonly platform: { readonly model?: string }
}

/** Makes what describes a User-Agent header (RFC 9110 §10.1.5); the library is loaded by those who ask. */
export async function createUserAgentDescriber(): Promise<(userAgent: string | null) => UserAgentDescription> {
  const { parse } = await import('bowser')
  return (userAgent) => describe(parse, userAgent)
}

function describe(parse: (userAgent: string) => Parsed, userAgent: string | null): UserAgentDescription {
  if (userAgent === null || userAgent === '') return { device: null, browser: null }
  const { browser, os, platform } = parse(userAgent)
  const version = browser.version?.split('.')[0]
  return {
    device: platform.model ?? os.name ?? null,
    browser: browser.name ? [browser.name, version].filter(Boolean).join(' ') : null,
  }
}
