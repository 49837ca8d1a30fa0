// Is an address one of the public Internet? Whoever follows a name that a customer chose must never be led into a private network.
// https://www.iana.org/assignments/iana-ipv4-special-registry · https://www.iana.org/assignments/iana-ipv6-special-registry
import * as z from 'zod'
import { inCidr } from './cluster.ts'

const reserved = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3',
]

/** False for whatever is no address at all. Of IPv6 only global unicast, without what stands for an IPv4 address. */
export function isPublicAddress(address: string): boolean {
  if (z.ipv4().safeParse(address).success) return !reserved.some((block) => inCidr(address, block))
  if (!z.ipv6().safeParse(address).success) return false
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  return /^[23][0-9a-f]{3}:/.test(canonical) && !/^(?:2002:|2001:(?:0?:|[0-9a-f]{1,2}:|db8:)|2001::|3fff:)/.test(canonical)
}
