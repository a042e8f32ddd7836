import { isIPv4, isIPv6 } from 'node:net'

/**
 * Names the rate limit bucket of callers without a name: `address:` and their IPv4 address, or the /64 of
 * their IPv6 address. One host can use all addresses of its /64 (RFC 4291, 2.5.4).
 *
 * @param address the peer's address; undefined if the socket is closed
 */
export function addressBucket(address: string | undefined): string {
  const [plain = ''] = (address ?? '').split('%')
  if (isIPv4(plain)) return `address:${plain}`
  if (!isIPv6(plain)) return 'address:unknown'
  const groups = expand(plain)
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535'
  if (isMapped) return `address:${[high >> 8, high & 255, low >> 8, low & 255].join('.')}`
  const prefix = groups.slice(0, 4).map((group) => group.toString(16))
  return `address:${prefix.join(':')}::/64`
}

/** @returns the eight groups of an IPv6 address */
function expand(address: string): number[] {
  // A URL normalizes its host: hex groups, with at most one `::`.
  const { hostname } = new URL(`http://[${address}]`)
  const [left = [], right = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16))
}
