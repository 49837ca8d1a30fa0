// The cheap question that shows whether a system is back, as src/platform/lend.ts asks it.
import type { System } from '../../src/domain/errors.ts'
import type { Upstreams } from '../../src/upstreams/upstreams.ts'

export async function probe(up: Upstreams, system: System, zone: string): Promise<void> {
  if (system === 'cloudflare') await up.cloudflare.dnsRecords({ name: zone })
  else if (system === 'ispconfig') await up.ispconfig.jobqueueCount()
  else if (system === 'npm') await up.npm.certificates()
  else if (system === 'linstor') await up.linstor.version()
  else if (system === 'dns') await up.dns.first(zone, 'SOA')
  else if (system !== 'allocator') await up.proxmox.version()
}
