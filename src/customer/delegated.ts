// Is a domain delegated to our two name servers? Asked of the zone above, because our servers do not answer for it before its
// zone exists; of resolvers when nobody above answers. Cloudflare names its servers only after the zone is made: there the domain
// has to be registered.
import { canonical, led } from '../domain/dns/answer.ts'
import { delegationOf } from '../doctor/gather.ts'
import { domainName } from '../domain/domain-name.ts'
import { UpstreamError } from '../domain/errors.ts'
import type { Dns } from '../upstreams/dns/client.ts'

export type Delegated = { ok: true } | { ok: false; code: 'bad-request' | 'unavailable'; message: string }

/** `name` without the last dot; the name servers in any spelling. */
export async function delegatedHere(dns: Dns, name: string, nameServers: readonly string[]): Promise<Delegated> {
  const wanted = nameServers.map(canonical)
  const both = wanted.join(' and ')
  try {
    const above = await delegationOf(dns, name).catch(() => undefined)
    if (above?.state === 'unregistered') return { ok: false, code: 'bad-request', message: `The domain ${name} does not exist. Register it first, with the name servers ${both}.` }
    const found = above?.nameServers ?? led(await dns.first(name, 'NS'), name, 'NS').values.map(canonical)
    if (wanted.every((one) => found.includes(one))) return { ok: true }
    const now = found.length === 0 ? 'At the moment it has none' : `At the moment it has ${found.join(', ')}`
    return { ok: false, code: 'bad-request', message: `The domain ${name} is not delegated to us. Set its name servers to ${both} at your registrar, then try again. ${now}.` }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return { ok: false, code: 'unavailable', message: `The name servers of ${name} could not be looked up at the moment. Please try again in a few minutes.` }
  }
}

/** Cloudflare keeps registered domains, and none of their parts. */
export async function registeredDomain(dns: Dns, name: string, platformZone: string): Promise<Delegated> {
  const judged = domainName(name, platformZone)
  if (!judged.ok) return { ok: false, code: 'bad-request', message: judged.sentence }
  if (judged.domain.apex !== name) return { ok: false, code: 'bad-request', message: `Cloudflare keeps registered domains only: create the zone ${judged.domain.apex} instead of ${name}.` }
  try {
    if ((await delegationOf(dns, name))?.state === 'unregistered') return { ok: false, code: 'bad-request', message: `The domain ${name} does not exist. Register it first.` }
    return { ok: true }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return { ok: false, code: 'unavailable', message: `The registry of ${name} could not be asked at the moment. Please try again in a few minutes.` }
  }
}
