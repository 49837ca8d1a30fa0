// A site that somebody else has made, looked at before it becomes a tenant: what stands, in what it differs from what Berth would have
// made, what will be changed, and what a person must mend before. Reads only.
import type { Cluster } from '../domain/cluster.ts'
import { bears, mark as markOf } from '../domain/names.ts'
import type { Adoption } from '../domain/order.ts'
import { plans } from '../domain/plan.ts'
import { sizeOf } from '../resources/disk.ts'
import { hostOf } from '../resources/door.ts'
import { atItsNode, whereabouts, type Reach } from '../resources/reach.ts'
import type { ProxyHost } from '../upstreams/npm/wire.ts'
import type { TenantState } from './state.ts'

/** `blocks`: it must be mended before; otherwise it says what becomes of it. */
export interface Found { step: string; says: string; blocks: boolean }

/** `adoption` is there when nothing blocks. */
export interface Examined { findings: Found[]; adoption: Adoption | undefined }

interface Look { up: Reach; state: TenantState; cluster: Cluster; mark: string; say: (step: string, says: string) => void; block: (step: string, says: string) => void; rows: string[] }

/** `state` is the tenant as it would be. Throws UpstreamError when a system does not answer. */
export async function examineSite(up: Reach, state: TenantState, domains: Adoption['domains'], cluster: Cluster): Promise<Examined> {
  const findings: Found[] = []
  const look: Look = {
    up, state, cluster, mark: markOf(state.key, state.identity.epoch), rows: [],
    say: (step, says) => void findings.push({ step, says, blocks: false }), block: (step, says) => void findings.push({ step, says, blocks: true }),
  }
  const container = await theContainer(look)
  const backups = container ? await theSnapshots(look, container.node) : []
  if (container) await Promise.all([theSite(look, container.node), theFailover(look)])
  await Promise.all([theRecord(look), theHost(look, 'proxy-host', state.identity.hostname), theDomains(look, domains)])
  const blocked = findings.some(({ blocks }) => blocks)
  return { findings, adoption: blocked || !container ? undefined : { rows: look.rows.toSorted(), container, domains, backups, ...(isSuspended(state) ? { suspended: true as const } : {}) } }
}

/** Wanted at rest, behind the suspension page. */
const isSuspended = ({ target }: TenantState): boolean => target === 'suspended'

/** Another tenant's mark, or one of ours that nobody here has set. */
const strange = (text: string | undefined, mark: string): boolean => /(?:^|[\s;,])berth-[tcp]\w+/.test(text ?? '') && !bears(text, mark)

async function theContainer({ up, state, cluster, mark, say, block, rows }: Look): Promise<Adoption['container'] | undefined> {
  const { vmid, node: hint, ip, label } = state.identity
  const { node, found: config } = await atItsNode(up, vmid, hint, (at) => up.proxmox.containerConfig(at, vmid))
  const no = (says: string): undefined => block('container', says)!
  if (node === undefined || !config) return no(`there is no container ${vmid}`)
  if (config.lock) return no(`Proxmox holds the lock "${config.lock}": wait until its task has ended`)
  if (strange(config.tags, mark)) return no('its tags say that it belongs to another tenant')
  if (!cluster.nodes.some(({ name }) => name === node)) block('container', `it is on ${node}, which is none of the nodes in CLUSTER: migrate it`)
  const volume = config.rootfs?.split(',')[0] ?? ''
  if (!volume.startsWith(`${cluster.storage}:`)) block('container', `its disk is ${volume || 'missing'}: move it to ${cluster.storage}`)
  const address = /(?:^|,)ip=([\d.]+)/.exec(config.net0 ?? '')?.[1]
  if (address !== ip) block('container', `its address is ${address ?? 'unknown'}, not ${ip}`)
  if (!(config.net0 ?? '').includes(`bridge=${cluster.bridge}`)) say('container', `its bridge is not ${cluster.bridge}, and stays`)
  if (config.hostname !== label) say('container', `it is called ${config.hostname ?? '-'}, and stays so`)
  if (config.unprivileged !== true) say('container', 'it is privileged, and stays so')
  const plan = plans[state.spec.plan]
  for (const [key, is, becomes] of [['memory', config.memory, plan.memoryMb], ['swap', config.swap, plan.swapMb], ['cores', config.cores, plan.cores]] as const) if (is !== becomes) say('container', `${key} is ${is ?? 'not set'}, becomes ${becomes}`)
  const gb = sizeOf(config.rootfs)
  if (gb !== plan.diskGb) say('disk', gb < plan.diskGb ? `${gb} GB, grows to ${plan.diskGb}` : `${gb} GB, more than the plan's ${plan.diskGb}: it stays`)
  say('firewall', 'only the reverse proxy will reach it, at port 80, and it will reach nothing in the private network but DNS')
  if (!bears(config.tags, mark)) rows.push('container')
  return { vmid, node, volume }
}

async function theSite({ up, state, say, block, rows }: Look, node: string): Promise<void> {
  const { vmid } = state.identity
  const { status } = await whereabouts(up, vmid, node)
  const running = status?.status === 'running'
  if (isSuspended(state)) {
    say('power', running ? 'it runs although its service is suspended, and is shut down' : 'it is at rest, and stays so until its service is resumed')
    say('wordpress', 'it is looked at when the service is resumed')
    return void rows.push('power', 'wordpress')
  }
  if (!running) return block('power', 'it does not run: start it, or resume the service where it is now')
  const { installed, url } = await up.gateway.wordpressState({ node, vmid })
  if (!installed) return block('wordpress', 'WordPress is not where the playbook looks for it')
  rows.push('power', 'wordpress')
  if (url !== undefined && !url.includes(state.identity.hostname)) say('wordpress', `it calls itself ${url}, and stays so`)
}

/** The customer's backups; other snapshots would keep the disk from ever being removed. */
async function theSnapshots({ up, state, mark, say, block, rows }: Look, node: string): Promise<Adoption['backups']> {
  const all = (await up.proxmox.snapshots(node, state.identity.vmid)) ?? []
  const backups: Adoption['backups'] = []
  for (const { name, description, snaptime = 0 } of all) {
    if (strange(description, mark)) block('snapshot', `${name} belongs to another tenant`)
    else if (name === 'initial') rows.push('snapshot')
    else if (/^BAK\d{8}-\d{1,4}$/.test(name)) {
      rows.push(`backup:${name}`)
      backups.push({ name, at: snaptime * 1_000 })
    } else block('snapshot', `${name} is neither "initial" nor a backup called BAK{DDMMYYYY}-{N}: delete it`)
  }
  if (!all.some(({ name }) => name === 'initial')) say('snapshot', `the first one, "initial", is made${isSuspended(state) ? ' when the service is resumed' : ''}`)
  const { backups: most } = plans[state.spec.plan]
  if (backups.length > most) block('snapshot', `${backups.length} backups, and the plan has room for ${most}: delete some`)
  return backups.toSorted((a, b) => a.at - b.at)
}

async function theFailover({ up, state, mark, say, block, rows }: Look): Promise<void> {
  const sid = `ct:${state.identity.vmid}`
  const { major } = await up.proxmox.version()
  const [resource, rules] = await Promise.all([up.proxmox.haResource(sid), major >= 9 ? up.proxmox.haRules() : []])
  const other = rules.find(({ rule, type, resources }) => type === 'node-affinity' && rule !== `berth-${state.identity.vmid}` && (resources ?? '').split(/[\s,;]+/).includes(sid))
  if (other) block('failover', `${sid} stands in the HA rule ${other.rule}: take it out, Berth makes one of its own`)
  if (!resource) return say('failover', `it comes under high availability${isSuspended(state) ? ' when the service is resumed' : ''}`)
  if (strange(resource.comment, mark)) block('failover', `${sid} belongs to another tenant`)
  else if (!bears(resource.comment, mark)) rows.push('failover')
}

async function theRecord({ up, state, cluster, mark, say, block, rows }: Look): Promise<void> {
  const { identity: { hostname }, spec: { publicIp } } = state
  if (cluster.zoneHome === 'ispconfig') return say('panel-record', `its record in ISPConfig is looked at when it comes in; one that is not Berth's must go before`)
  const [record, ...more] = await up.cloudflare.dnsRecords({ name: hostname })
  if (!record) return say('dns-record', `${hostname} has no record: it is made`)
  if (more.length > 0) return block('dns-record', `${hostname} has ${more.length + 1} records: leave one`)
  if (strange(record.comment ?? undefined, mark)) return block('dns-record', `${hostname} belongs to another tenant`)
  if (record.type !== 'A') return block('dns-record', `${hostname} has a ${record.type} record: it must be an A record`)
  if (record.content !== publicIp) say('dns-record', `it leads to ${record.content ?? '-'}, becomes ${publicIp}`)
  if (record.proxied) say('dns-record', 'it is proxied by Cloudflare, and will not be')
  if (!bears(record.comment ?? undefined, mark)) rows.push('dns-record')
}

async function theHost(look: Look, row: string, name: string): Promise<void> {
  const { up, state, cluster, mark, say, block, rows } = look
  const host = await hostOf(up, name)
  if (!host) return say(row, `${name} has no proxy host: it is made`)
  const wrong = wrongHost(host, name, mark)
  if (wrong !== undefined) return block(row, wrong)
  const to = isSuspended(state) ? `${cluster.suspendedPage.host}:${cluster.suspendedPage.port}` : `${state.identity.ip}:80`
  if (`${host.forward_host}:${host.forward_port}` !== to) say(row, `it leads to ${host.forward_host}:${host.forward_port}, becomes ${to}`)
  if (!host.enabled) say(row, 'it is switched off, becomes switched on')
  if (host.meta['berth'] !== mark) rows.push(row)
}

function wrongHost(host: ProxyHost, name: string, mark: string): string | undefined {
  if (host.meta['berth'] !== undefined && host.meta['berth'] !== mark) return `${name} belongs to another tenant`
  const others = host.domain_names.filter((one) => one.toLowerCase() !== name)
  return others.length > 0 ? `its proxy host serves ${others.join(', ')} as well: one for each name` : undefined
}

async function theDomains(look: Look, domains: Adoption['domains']): Promise<void> {
  const { domains: most } = plans[look.state.spec.plan]
  if (domains.length > most) look.block('domain', `${domains.length} domains, and the plan has room for ${most}`)
  for (const { name, names } of domains) {
    const claim = await look.up.allocator.claimOf(name)
    if (claim !== undefined && claim.tenant !== look.state.key) look.block(`domain:${name}`, 'another site here has it')
    // A certificate of its own is asked for; until it is there visitors keep the one that they have.
    await Promise.all(names.map((host) => theHost(look, `domain-host:${host}`, host)))
  }
}
