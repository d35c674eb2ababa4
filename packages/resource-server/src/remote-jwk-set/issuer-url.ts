/** Owns which URLs may be asked: https, or http on this machine (RFC 8414 §2, RFC 9700 §2.6). */

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Tells whether a URL may be fetched: https without credentials or fragment, or http where that is safe or allowed. */
export function isFetchable(url: string, allowInsecureHttp: boolean): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password, hash } = new URL(url)
  if (username !== '' || password !== '' || hash !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && (allowInsecureHttp || LOOPBACK.test(hostname)))
}
