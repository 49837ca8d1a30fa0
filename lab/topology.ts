// The seed's data centre in figures: nodes, storage, network, template. Facts only, no behaviour.

export interface NodeFacts { name: string; address: string; cores: number; memoryMb: number; customers: boolean }

/** node3 is the router: witness and tie-breaker, no customer containers. */
export const nodes: readonly NodeFacts[] = [
  { name: 'node1', address: '192.168.1.11', cores: 56, memoryMb: 131072, customers: true },
  { name: 'node2', address: '192.168.1.12', cores: 12, memoryMb: 131072, customers: true },
  { name: 'node3', address: '192.168.1.13', cores: 4, memoryMb: 16384, customers: false },
]

export const customerNodes = nodes.filter((node) => node.customers).map((node) => node.name)
export const witness = 'node3'

export const storage = {
  id: 'global-lvm',
  resourceGroup: 'global-lvm',
  pool: 'thinpool',
  /** 1.73 TB on each of the two storing nodes. */
  capacityKib: 1_689_453_125,
  replicas: 2,
} as const

/** On the router, exported to all nodes: 4.5 TB. */
export const backupStorage = { id: 'backup', node: 'node3', capacityBytes: 4_500_000_000_000 } as const

export const template = 'local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst'
export const bridge = 'vmbr1'

export const lan = { cidr: '192.168.1.0/24', prefix: 24, gateway: '192.168.1.1', first: '192.168.1.100', last: '192.168.1.253' } as const
export const dmz = { cidr: '203.0.113.0/27', gateway: '203.0.113.1', reverseProxy: '203.0.113.10' } as const

/** ISPConfig's servers by their ids; the zones are kept on the first name server, the second one follows it by transfer. */
export const ispconfigServers = { panel: 1, mail: 3, dns: 4 } as const
export const nameservers = ['ns1.berth.localhost', 'ns2.berth.localhost'] as const

/** The token that the gateway presents; the lab's only Proxmox credential, worthless elsewhere. */
export const proxmoxToken = 'berth@pve!worker=1ab00000-0000-4000-8000-000000000001'
