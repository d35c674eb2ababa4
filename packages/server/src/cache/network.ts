/** By what the clients of one household or company are counted together. */
import { isIPv6 } from 'node:net'

/**
 * Finds the network of a client's address: the address itself for IPv4, the first 64 bits for IPv6, of which one client has all the rest
 * to choose from (RFC 4291 §2.5.1). An IPv4 address that is written in an IPv6 one is itself: mapped, or behind NAT64 (RFC 6052 §2.1), where all of them share
 * their first 64 bits.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) return plain
  const groups = expand(plain)
  const holdsIPv4 = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'].includes(groups.slice(0, 6).join(':'))
  if (!holdsIPv4) return `${groups.slice(0, 4).join(':')}::/64`
  const bytes = groups.slice(6).flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
  return bytes.join('.')
}

/** The eight groups, each without leading zeros, in lower case: as the URL Standard writes them, once `::` is filled in. */
function expand(address: string): string[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}
