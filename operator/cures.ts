// The command that cures each thing that the doctor finds in the systems and in the cluster.
import * as z from 'zod'
import type { Finding } from './doctor.ts'

export const Systems = z.object({
  systems: z.array(z.object({ system: z.string(), why: z.string().nullable() })),
  cluster: z.array(z.object({ kind: z.string(), subject: z.string(), grave: z.boolean(), says: z.string() })),
})

/** When something stands between the Worker and the gateway, every system behind it says the same. */
const ways: [RegExp, string][] = [
  [/from the future|too old|\(deadline\)/, 'on the gateway\'s machine: timedatectl set-ntp true; chronyc tracking'],
  [/certificate of \w+ is not believed/, 'berth-gateway check on the gateway\'s machine says which address: a renewed certificate needs its new fingerprint in the configuration (docs/gateway.md); the same as before: somebody stands between'],
  [/tunnel is not connected/, 'on the gateway\'s machine: systemctl restart cloudflared; UDP 7844 must be let out (docs/deploy.md)'],
  [/dns_error|connection_refused/, 'on the gateway\'s machine: cloudflared --version (2025.7.0 or newer, on QUIC); systemctl status berth-gateway; npx wrangler vpc service list (docs/deploy.md)'],
  [/Cloudflare Access|\(access\)/, 'a service token that the application\'s Service Auth policy includes: npx wrangler secret put ACCESS_SERVICE_TOKEN --env production; "access" in the gateway\'s configuration (docs/deploy.md)'],
  [/access-keys/, 'the gateway\'s machine must reach https://<team>.cloudflareaccess.com: curl -sI it there'],
]

export const restCure = 'mend the credentials, then: npx berth retry <connection>/<service>'

export const credentialCures: Record<string, string> = {
  cloudflare: 'npx wrangler secret put CLOUDFLARE_TOKEN --env production',
  gateway: 'put the same pair into `keys` of the gateway\'s configuration and into: npx wrangler secret put GATEWAY_KEY --env production',
  proxmox: 'upstreams.proxmox.token in the gateway\'s configuration and its rights (docs/gateway.md), then restart the gateway',
  linstor: 'upstreams.linstor.token in the gateway\'s configuration, then restart the gateway',
  npm: 'upstreams.npm in the gateway\'s configuration and that account\'s rights (docs/gateway.md), then restart the gateway',
  ispconfig: 'upstreams.ispconfig in the gateway\'s configuration and that remote user\'s functions (docs/gateway.md), then restart the gateway',
}

const clusterCures: Record<string, (subject: string) => string> = {
  'replicas': (resource) => `linstor resource list -r ${resource}; a node that is away: bring it back; too few: linstor resource-definition auto-place ${resource} --place-count 2`,
  'tie-breaker': (resource) => `linstor resource-definition set-property ${resource} DrbdOptions/auto-add-quorum-tiebreaker true; none comes: linstor node list, a third node must be online`,
  'quorum': (resource) => `linstor resource-definition set-property ${resource} DrbdOptions/Resource/quorum majority && linstor resource-definition set-property ${resource} DrbdOptions/Resource/on-no-quorum io-error`,
  'room': (pool) => `linstor storage-pool list; enlarge ${pool || 'the pool'}: vgextend and lvextend on that node, or sell no more`,
  'template': (node) => `on ${node || 'that node'}: pveam update && pveam available --section system, then pveam download local <template>; or correct "template" of CLUSTER in wrangler.toml`,
  'cluster-lock': (storage) => `on a node: pvesm set ${storage} --clusterlocktimeout 60`,
  'gateway-clock': () => 'on the gateway\'s machine: timedatectl set-ntp true; chronyc tracking',
}

/** Findings of what `GET /operator/systems` answers. What stands in the way of all systems is said once. */
export function systemFindings({ systems, cluster }: z.infer<typeof Systems>): Finding[] {
  const silent = systems.filter(({ why }) => why !== null).map(({ system }) => system)
  const away = systems.flatMap(({ system, why }): Finding[] => (why === null ? [] : [{
    // Without ISPConfig sites are sold all the same.
    what: 'systems', grave: system !== 'ispconfig', says: why.startsWith(system) ? why : `${system}: ${why}`, cure: cureOf(system, why),
  }]))
  const seen = cluster.filter(({ kind, subject }) => kind !== 'unasked' || !silent.some((system) => subject.startsWith(system))).map(({ kind, subject, grave, says }): Finding => (kind === 'unasked'
    ? { what: 'cluster', grave: true, says: `${subject} could not be looked at: ${says}`, cure: 'berth-gateway check on the gateway\'s machine (docs/gateway.md)' }
    : { what: kind, grave, says, cure: subject === '' ? 'as above' : clusterCures[kind]?.(subject) ?? 'docs/runbook.md' }))
  return [...away, ...seen]
}

function cureOf(system: string, why: string): string {
  const way = ways.find(([words]) => words.test(why))
  if (way) return way[1]
  return /40[13]|credential|log-in|signature|refuses/.test(why) ? credentialCures[system] ?? restCure : 'berth-gateway check on the gateway\'s machine (docs/gateway.md), then docs/runbook.md, "An upstream is down"'
}
