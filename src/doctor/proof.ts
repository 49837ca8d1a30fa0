// Whose domain is it? One rule (docs/domains.md): whoever can change the public DNS of a name owns it. Pure.
import { led } from '../domain/dns/answer.ts'
import { agreed, leadsHere, nameServers, proofName, type Expected, type Facts } from './facts.ts'

export type Proof = { way: 'txt' | 'cname' | 'delegation' | 'address' } | { missing: string }

/** The strongest proof that the facts give; otherwise the sentence that says how to give one. */
export function proofOf(facts: Facts, expected: Expected): Proof {
  const { name, apex } = facts.domain
  const record = proofName(apex)
  const token = expected.token
  if (agreed(facts, record, 'TXT', (answer) => led(answer, record, 'TXT').values.some((text) => text.trim() === token))) return { way: 'txt' }
  const ask = `publish the TXT record ${record} with the value "${token}"`
  const candidates = name === apex ? [name, `www.${apex}`] : [name]
  const alias = candidates.some((one) => agreed(facts, one, 'A', (answer) => led(answer, one, 'A').cnames.includes(expected.siteHost)))
  // A CNAME names this very site, so it beats another's claim; the proxy's address is the same for all sites.
  if (alias) return { way: 'cname' }
  const ours = new Set(expected.nameServers)
  const servers = nameServers(facts)
  const delegated = servers.length > 0 && servers.every((one) => ours.has(one)) && [...ours].every((one) => servers.includes(one))
  if (delegated && expected.zone === 'theirs') return { way: 'delegation' }
  // The addresses of a zone here are ours from the beginning: they tell nothing about the sites of others than its customer.
  if (delegated && expected.zone === 'another’s') return { missing: `the zone ${apex} here is another customer's: to show that ${name} is yours, ${ask}.` }
  if (leadsHere(facts, name, expected) && !expected.heldElsewhere) return { way: 'address' }
  if (expected.heldElsewhere) return { missing: `${name} is held by another site here: to show that it is yours, ${ask}.` }
  if (delegated && expected.zone === 'nobody’s') return { missing: `${apex} is delegated to our name servers, but no zone of yours exists for it here: create the zone ${apex}, or ${ask}.` }
  return { missing: `To show that ${name} is yours, ${ask}, or point ${name} to ${expected.addresses[0]}.` }
}
