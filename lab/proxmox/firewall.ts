// A guest's firewall file: options, positional rules, IP sets. The file exists as soon as somebody writes to it, container or not.
// pve-firewall, PVE/API2/Firewall: https://git.proxmox.com/?p=pve-firewall.git
import type { World } from '../world.ts'
import { checkDigest, deleteKeys } from './ha.ts'
import type { Schema, Spec, Values } from './parameters.ts'
import { PveError, type Register } from './protocol.ts'
import { onContainer } from './schemas.ts'
import { type FirewallConf, digest, pve } from './state.ts'

const list = (text: string | number | undefined): string[] => String(text ?? '').split(/[,;\s]+/).filter(Boolean)
const level: Spec = { type: 'string', enum: ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'nolog'] }
const policy: Spec = { type: 'string', enum: ['ACCEPT', 'REJECT', 'DROP'] }
const flag: Spec = { type: 'boolean' }
const fwDigest: Spec = { type: 'string', maxLength: 64 }
const setName: Spec = { type: 'string', minLength: 2, maxLength: 64, pattern: /^[A-Za-z][A-Za-z0-9\-_]+$/ }
const cidr: Spec = { type: 'string', required: true, format: 'IPorCIDRorAlias' }
const base = '/nodes/:node/lxc/:vmid/firewall'

const ruleOptions: Schema = {
  action: { type: 'string', minLength: 2, maxLength: 20, pattern: /^[A-Za-z][A-Za-z0-9\-_]+$/ },
  type: { type: 'string', enum: ['in', 'out', 'forward', 'group'] }, comment: { type: 'string' },
  dest: { type: 'string', maxLength: 512, format: 'pve-fw-addr-spec' },
  source: { type: 'string', maxLength: 512, format: 'pve-fw-addr-spec' }, dport: { type: 'string', format: 'pve-fw-port-spec' },
  sport: { type: 'string', format: 'pve-fw-port-spec' },
  enable: { type: 'integer', min: 0 }, 'icmp-type': { type: 'string' },
  iface: { type: 'string', minLength: 2, maxLength: 20, format: 'pve-iface' }, log: level, macro: { type: 'string', maxLength: 128 },
  proto: { type: 'string' },
}

export function firewallRoutes(world: World, on: Register): void {
  const empty = (): FirewallConf => ({ options: {}, rules: [], ipsets: {} })
  const read = (vmid: number): FirewallConf => pve(world).firewalls[vmid] ?? empty()
  const open = (vmid: number): FirewallConf => (pve(world).firewalls[vmid] ??= empty())
  const pos: Spec = { type: 'integer', min: 0 }
  const atPos = { ...onContainer, pos }

  on('GET', `${base}/options`, onContainer, ({ vmid }) => ({ ...read(vmid).options, digest: digest(read(vmid).options) }))
  const options: Schema = {
    dhcp: flag, enable: flag, ipfilter: flag, log_level_in: level, log_level_out: level, macfilter: flag, ndp: flag, policy_in: policy,
    policy_out: policy, radv: flag, delete: { type: 'string', format: 'pve-configid-list' }, digest: fwDigest,
  }
  on('PUT', `${base}/options`, { ...onContainer, ...options }, ({ values, vmid }) => {
    const { node: _node, vmid: _vmid, delete: gone, digest: given, ...changes } = values
    checkDigest(given, read(vmid).options)
    const conf = open(vmid)
    Object.assign(conf.options, changes)
    deleteKeys(conf.options, list(gone), [])
    world.changed()
  })

  const row = (rules: FirewallConf['rules'], index: number): Record<string, unknown> => ({ ...rules[index], pos: index, digest: digest(rules) })
  const rule = (vmid: number, index: unknown): number => {
    if (!read(vmid).rules[Number(index)]) throw new PveError(400, 'Parameter verification failed.\n', { pos: `no rule at position ${String(index)}` })
    return Number(index)
  }
  const fields = (values: Values): Record<string, string | number> => {
    const { node: _node, vmid: _vmid, pos: _pos, moveto: _moveto, digest: _digest, delete: _delete, ...rest } = values
    return Object.fromEntries(Object.entries(rest).filter((entry): entry is [string, string | number] => entry[1] !== undefined))
  }
  on('GET', `${base}/rules`, onContainer, ({ vmid }) => read(vmid).rules.map((_, index, rules) => row(rules, index)))
  on('POST', `${base}/rules`, { ...atPos, ...ruleOptions, action: { ...ruleOptions['action']!, required: true },
    type: { ...ruleOptions['type']!, required: true }, digest: fwDigest }, ({ values, vmid }) => {
    checkDigest(values['digest'], read(vmid).rules)
    if (values['dport'] !== undefined && values['proto'] === undefined) throw new PveError(400, 'Parameter verification failed.\n',
      { dport: "missing 'proto' property" })
    const { rules } = open(vmid)
    // New rules go to the top unless a position is given.
    rules.splice(Math.min(Number(values['pos'] ?? 0), rules.length), 0, fields(values))
    world.changed()
  })
  on('GET', `${base}/rules/:pos`, atPos, ({ values, vmid }) => row(read(vmid).rules, rule(vmid, values['pos'])))
  on('PUT', `${base}/rules/:pos`, { ...atPos, ...ruleOptions, moveto: pos, delete: { type: 'string', format: 'pve-configid-list' },
    digest: fwDigest }, ({ values, vmid }) => {
    checkDigest(values['digest'], read(vmid).rules)
    const index = rule(vmid, values['pos'])
    const { rules } = open(vmid)
    Object.assign(rules[index]!, fields(values))
    deleteKeys(rules[index]!, list(values['delete']), ['action', 'type'])
    if (values['moveto'] !== undefined) rules.splice(Math.min(Number(values['moveto']), rules.length - 1), 0, ...rules.splice(index, 1))
    world.changed()
  })
  on('DELETE', `${base}/rules/:pos`, { ...atPos, digest: fwDigest }, ({ values, vmid }) => {
    checkDigest(values['digest'], read(vmid).rules)
    const index = rule(vmid, values['pos'])
    open(vmid).rules.splice(index, 1)
    world.changed()
  })

  const name: Spec = { ...setName, required: true }
  const members = (vmid: number, set: unknown): FirewallConf['ipsets'][string] => {
    const found = read(vmid).ipsets[String(set)]
    if (!found) throw new PveError(500, `no such IPSet '${String(set)}'\n`)
    return found
  }
  on('GET', `${base}/ipset`, onContainer, ({ vmid }) =>
    Object.entries(read(vmid).ipsets).map(([set, conf]) =>
      ({ name: set, digest: digest(read(vmid).ipsets), ...(conf.comment === undefined ? {} : { comment: conf.comment }) })))
  on('POST', `${base}/ipset`, { ...onContainer, name, comment: { type: 'string' }, rename: setName, digest: fwDigest }, ({ values, vmid }) => {
    const { ipsets } = open(vmid)
    const set = String(values['name'])
    checkDigest(values['digest'], ipsets)
    const comment = values['comment'] === undefined ? {} : { comment: String(values['comment']) }
    if (values['rename'] !== undefined) {
      const old = members(vmid, values['rename'])
      delete ipsets[String(values['rename'])]
      ipsets[set] = { ...old, ...comment }
    } else {
      if (ipsets[set]) throw new PveError(500, `IPSet '${set}' already exists\n`)
      ipsets[set] = { ...comment, members: [] }
    }
    world.changed()
  })
  on('DELETE', `${base}/ipset/:name`, { ...onContainer, name, force: flag }, ({ values, vmid }) => {
    if (!read(vmid).ipsets[String(values['name'])]) return
    if (members(vmid, values['name']).members.length > 0 && values['force'] !== 1) throw new PveError(500, `IPSet '${values['name']}' is not empty\n`)
    delete open(vmid).ipsets[String(values['name'])]
    world.changed()
  })
  on('GET', `${base}/ipset/:name`, { ...onContainer, name }, ({ values, vmid }) => {
    const set = members(vmid, values['name'])
    return set.members.map((member) => ({ ...member, digest: digest(set.members) }))
  })
  on('POST', `${base}/ipset/:name`, { ...onContainer, name, cidr, comment: { type: 'string' }, nomatch: flag }, ({ values, vmid }) => {
    const set = members(vmid, values['name'])
    const member = String(values['cidr'])
    if (set.members.some((one) => one.cidr === member)) throw new PveError(400, 'Parameter verification failed.\n',
      { cidr: `address '${member}' already exists` })
    set.members.unshift({ cidr: member, ...(values['comment'] === undefined ? {} : { comment: String(values['comment']) }),
      ...(values['nomatch'] === 1 ? { nomatch: 1 } : {}) })
    world.changed()
  })
  on('DELETE', `${base}/ipset/:name/:cidr{.+}`, { ...onContainer, name, cidr, digest: fwDigest }, ({ values, vmid }) => {
    const set = members(vmid, values['name'])
    checkDigest(values['digest'], set.members)
    set.members = set.members.filter((one) => one.cidr !== values['cidr'])
    world.changed()
  })
}
