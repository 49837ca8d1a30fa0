// The simulated hoster's cluster: the lab's topology, as the Worker's configuration says it.
import { Cluster } from '../../src/domain/cluster.ts'

export const cluster: Cluster = Cluster.parse({
  name: 'sim',
  nodes: [{ name: 'node1', memoryMb: 131_072 }, { name: 'node2', memoryMb: 131_072 }],
  storage: 'global-lvm',
  template: 'local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst',
  bridge: 'vmbr1',
  lan: { prefix: 24, gateway: '192.168.1.1', first: '192.168.1.100', last: '192.168.1.253', cidr: '192.168.1.0/24' },
  nameservers: ['192.168.1.1', '1.1.1.1'],
  searchdomain: 'lan',
  vmids: { first: 10_000, last: 999_999 },
  proxy: { publicIp: '203.0.113.10', privateIp: '192.168.1.10' },
  publicCidr: '203.0.113.0/27',
  suspendedPage: { host: '192.168.1.3', port: 8791 },
  ownNameServers: ['ns1.berth.localhost', 'ns2.berth.localhost'],
  certificateAuthority: 'letsencrypt.org',
  haGroup: 'berth',
  zone: 'berth.localhost',
  siteUrl: 'https://*.berth.localhost',
  backupStorage: 'backup',
  hostNames: 'random',
  customers: { mailHost: 'mail.berth.localhost', dnsServer: 4, mailServer: 3, cloudflareAccount: 'f'.repeat(32) },
  mail: { address: '203.0.113.12', policyHost: 'policy.berth.localhost' },
})
