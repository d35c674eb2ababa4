/**
 * The address of the client behind trusted proxies. X-Forwarded-For is written by whoever sends it: only the entries that our
 * own proxies appended are believed, counted from the right.
 */
import { BlockList, isIP } from 'node:net'
import type { RequestContext } from './endpoint.ts'

/** Which proxies are ours: a number of them in a row, or the networks they are in. */
export type TrustedProxies = { readonly hops: number } | { readonly networks: BlockList }

/** Reads a number of hops or a list of networks in CIDR form; `undefined` when it is neither. */
export function parseTrustedProxies(trusted: number | readonly string[]): TrustedProxies | undefined {
  if (typeof trusted === 'number')
    return Number.isInteger(trusted) && trusted >= 0 && trusted <= 16 ? { hops: trusted } : undefined
  const networks = new BlockList()
  for (const network of trusted) {
    const [address = '', bits, ...rest] = network.split('/')
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
    if (family === 0 || prefix < 0 || prefix > most || rest.length > 0) return undefined
    networks.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
  return { networks }
}

/** Finds the client's address from the peer's and the X-Forwarded-For header (RFC 7239 §7.4 names the danger). */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  trusted: TrustedProxies,
): string | null {
  if (peer === undefined) return null
  const path = [...(forwardedFor?.split(',') ?? []).map((entry) => entry.trim()), peer].map(plainAddress)
  let index = path.length - 1
  for (let passed = 0; index > 0 && isTrusted(path[index], passed, trusted); passed++) {
    if (isIP(path[index - 1] ?? '') === 0) break
    index--
  }
  return path[index] ?? null
}

/** Finds the address of the client that sent a request; `null` where the server has no sockets. */
export function addressOf(c: RequestContext, trusted: TrustedProxies): string | null {
  return clientAddress(c.env.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for') ?? null, trusted)
}

function isTrusted(address: string | undefined, passed: number, trusted: TrustedProxies): boolean {
  if ('hops' in trusted) return passed < trusted.hops
  const family = isIP(address ?? '')
  return family !== 0 && trusted.networks.check(address ?? '', family === 6 ? 'ipv6' : 'ipv4')
}

/** Writes ::ffff:192.0.2.1 as 192.0.2.1, so that one client has one address, and leaves out the port that some proxies add (RFC 7239 §6). */
function plainAddress(address: string): string {
  const [, bracketed, dotted] = /^(?:\[([\da-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/i.exec(address) ?? []
  const bare = bracketed ?? dotted ?? address
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare
}
