// What Let's Encrypt finds when it asks for a name over HTTP: it resolves by itself, without a memory, and honours CAA.
// Not simulated: that it asks from several places, HTTP itself (a name that leads to the reverse proxy answers the challenge).
import type { Net } from './authoritative.ts'
import { registered } from './internet.ts'
import { resolve, type ResolverFacts } from './resolver.ts'

const itself: ResolverFacts = { name: 'letsencrypt', memories: 1, ttlMin: 0, ttlMax: 0, absenceMax: 0 }
const name = 'letsencrypt.org'

/** Undefined when the name is granted, else what certbot prints. */
export const challengeOf = (net: Net, proxyAddress: string) => (host: string): string | undefined => {
  const found = resolve(net, itself, host, 'A')
  if (found.rcode !== 'NOERROR') return `DNS problem: ${found.rcode} looking up A for ${host} - check that a DNS record exists for this domain`
  const addresses = found.answers.filter((one) => one.type === 'A').map((one) => one.data)
  if (addresses.length === 0) return `DNS problem: No valid IP addresses found for ${host}`
  const newer = resolve(net, itself, host, 'AAAA').answers.filter((one) => one.type === 'AAAA')
  if (newer.length > 0 || addresses.some((one) => one !== proxyAddress)) return `${[...newer.map((one) => one.data), ...addresses][0]!}: Invalid response from http://${host}/.well-known/acme-challenge/: 404`
  return permitted(net, host) ? undefined : `CAA record for ${host} prevents issuance`
}

/** The nearest CAA records on the way up decide. */
function permitted(net: Net, host: string): boolean {
  const apex = registered(host) ?? host
  for (let at = host; at.length >= apex.length; at = at.slice(at.indexOf('.') + 1)) {
    const rules = resolve(net, itself, at, 'CAA').answers.filter((one) => one.type === 'CAA' && / issue /.test(one.data))
    if (rules.length > 0) return rules.some((one) => one.data.includes(name))
  }
  return true
}
