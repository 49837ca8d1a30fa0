// The HA manager's configuration and status: resources, rules (9) or groups (8). Writes are synchronous; the CRM acts later.
// pve-ha-manager, PVE/API2/HA: https://git.proxmox.com/?p=pve-ha-manager.git
import { shuffled } from '../random.ts'
import type { World } from '../world.ts'
import { dropFromHa, planRound } from './ha-state.ts'
import type { Schema, Values } from './parameters.ts'
import { PveError, type Register } from './protocol.ts'
import { type HaResource, type HaRule, digest, pve } from './state.ts'

const list = (text: string | number | undefined): string[] => String(text ?? '').split(/[,;\s]+/).filter(Boolean)
const migrated = (doing: string): never => {
  throw new PveError(500, `${doing}: ha groups have been migrated to rules\n`)
}

export function checkDigest(given: unknown, value: unknown): void {
  if (given !== undefined && given !== digest(value)) throw new PveError(500,
    'detected modified configuration - file changed by other user? Try again.\n')
}

export function deleteKeys(target: object, keys: string[], fixed: readonly string[]): void {
  for (const key of keys) {
    if (fixed.includes(key)) throw new PveError(500, `unable to delete required option '${key}'\n`)
    delete (target as Record<string, unknown>)[key]
  }
}

const comment = { type: 'string', maxLength: 4096 } as const
const configId = { type: 'string', required: true, format: 'pve-configid' } as const
const removal: Schema = { delete: { type: 'string', maxLength: 4096, format: 'pve-configid-list' }, digest: { type: 'string', maxLength: 64 } }

export function haRoutes(world: World, on: Register): void {
  const { major } = pve(world)
  const ha = () => pve(world).ha
  resourceRoutes(world, on)

  const groupSchema: Schema = { group: configId, nodes: { type: 'string', format: 'pve-ha-node-list' }, restricted: { type: 'boolean' },
    nofailback: { type: 'boolean' }, comment }
  on('GET', '/cluster/ha/groups', {}, () =>
    (major === 9 ? migrated('cannot index groups')
    : shuffled(world.random, Object.values(ha().groups)).map((one) => ({ ...one, type: 'group', digest: digest(ha().groups) }))))
  on('POST', '/cluster/ha/groups',
    { ...groupSchema, nodes: { ...groupSchema['nodes']!, required: true }, type: { type: 'string', enum: ['group'] } }, ({ values }) => {
    if (major === 9) migrated('cannot create group')
    const group = String(values['group'])
    if (ha().groups[group]) throw new PveError(500, `create ha group failed: ha group ID '${group}' already defined\n`)
    const { type: _type, ...rest } = values
    ha().groups[group] = { ...rest, group, nodes: String(values['nodes']) }
    world.changed()
  })
  on('GET', '/cluster/ha/groups/:group', { group: configId }, ({ values }) => {
    if (major === 9) migrated('cannot read group')
    const found = ha().groups[String(values['group'])]
    if (!found) throw new PveError(500, `no such ha group '${values['group']}'\n`)
    return { ...found, type: 'group', digest: digest(ha().groups) }
  })
  on('PUT', '/cluster/ha/groups/:group', { ...groupSchema, ...removal }, ({ values }) => {
    if (major === 9) migrated('cannot update group')
    const found = ha().groups[String(values['group'])]
    if (!found) throw new PveError(500, `update ha group failed: no such ha group '${values['group']}'\n`)
    checkDigest(values['digest'], ha().groups)
    const { delete: gone, digest: _digest, ...rest } = values
    Object.assign(found, rest)
    deleteKeys(found, list(gone), ['group', 'nodes'])
    world.changed()
  })
  on('DELETE', '/cluster/ha/groups/:group', { group: configId }, ({ values }) => {
    if (major === 9) migrated('cannot delete group')
    const user = Object.values(ha().resources).find((resource) => resource.group === values['group'])
    if (user) throw new PveError(500, `delete ha group failed: ha group is used by service '${user.sid}'\n`)
    delete ha().groups[String(values['group'])]
    world.changed()
  })
  if (major === 9) ruleRoutes(world, on)
  statusRoutes(world, on)
}

function resourceRoutes(world: World, on: Register): void {
  const { major } = pve(world)
  const ha = () => pve(world).ha
  const sidSpec = { type: 'string', required: true, format: 'pve-ha-resource-or-vm-id' } as const
  const options: Schema = {
    sid: sidSpec, state: { type: 'string', enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'] },
    max_restart: { type: 'integer', min: 0 }, max_relocate: { type: 'integer', min: 0 },
    group: { type: 'string', format: 'pve-configid' }, comment, ...(major === 9 ? { failback: { type: 'boolean' } } : {}),
  }
  const sidOf = (values: Values): string => (String(values['sid']).includes(':') ? String(values['sid']) : `ct:${values['sid']}`)
  const view = (resource: HaResource): Record<string, unknown> => ({ ...resource, digest: digest(ha().resources) })
  const found = (sid: string, prefix = ''): HaResource => {
    const resource = ha().resources[sid]
    if (!resource) throw new PveError(500, `${prefix}no such resource '${sid}'\n`)
    return resource
  }
  const checkGroup = (values: Values): void => {
    if (values['group'] === undefined) return
    if (major === 9) throw new PveError(500, "invalid parameter 'group': ha groups have been migrated to rules\n")
    if (!ha().groups[String(values['group'])]) throw new PveError(500, `HA group '${values['group']}' does not exist\n`)
  }

  on('GET', '/cluster/ha/resources', { type: { type: 'string', enum: ['ct', 'vm'] } }, ({ values }) =>
    shuffled(world.random, Object.values(ha().resources)).filter((one) => values['type'] === undefined || one.type === values['type']).map(view))
  on('GET', '/cluster/ha/resources/:sid', { sid: sidSpec }, ({ values }) => view(found(sidOf(values))))
  on('POST', '/cluster/ha/resources', { ...options, type: { type: 'string', enum: ['ct', 'vm'] } }, ({ values }) => {
    const sid = sidOf(values)
    const type = sid.slice(0, 2)
    if (values['type'] !== undefined && values['type'] !== type) throw new PveError(500, 'types does not match\n')
    if (type !== 'ct' || !pve(world).containers[sid.slice(3)]) throw new PveError(500, `resource '${sid}' does not exist in cluster\n`)
    checkGroup(values)
    if (ha().resources[sid]) throw new PveError(500, `create resource failed: resource ID '${sid}' already defined\n`)
    ha().resources[sid] = { ...values, sid, type, state: String(values['state'] ?? 'started') }
    planRound(world)
  })
  on('PUT', '/cluster/ha/resources/:sid', { ...options, ...removal }, ({ values }) => {
    const sid = sidOf(values)
    checkGroup(values)
    if (ha().services[sid]?.state === 'error' && values['state'] !== 'disabled') throw new PveError(500,
      `service '${sid}' in error state, must be disabled and fixed first\n`)
    const resource = found(sid, 'update resource failed: ')
    checkDigest(values['digest'], ha().resources)
    const { delete: gone, digest: _digest, ...rest } = values
    Object.assign(resource, rest, { sid })
    deleteKeys(resource, list(gone), ['sid', 'type'])
    planRound(world)
  })
  on('DELETE', '/cluster/ha/resources/:sid', major === 9 ? { sid: sidSpec, purge: { type: 'boolean' } } : { sid: sidSpec }, ({ values }) => {
    const sid = sidOf(values)
    if (!ha().resources[sid]) throw new PveError(500, `cannot delete service '${sid}', not HA managed!\n`)
    if (values['purge'] === 0) {
      delete ha().resources[sid]
      planRound(world)
    } else dropFromHa(world, sid)
  })
}

function ruleRoutes(world: World, on: Register): void {
  const ha = () => pve(world).ha
  const kinds = { type: 'string', enum: ['node-affinity', 'resource-affinity'] } as const
  const options: Schema = {
    rule: configId, type: { ...kinds, required: true }, resources: { type: 'string', format: 'pve-ha-resource-id-list' },
    nodes: { type: 'string', format: 'pve-ha-node-list' },
    strict: { type: 'boolean' }, affinity: { type: 'string', enum: ['positive', 'negative'] }, disable: { type: 'boolean' }, comment,
  }
  const wrong = (name: string, text: string): never => {
    throw new PveError(400, 'Parameter verification failed.\n', { [name]: text })
  }
  const view = (rule: HaRule): Record<string, unknown> => {
    const { disable, ...rest } = rule
    return { ...rest, ...(disable === 1 ? { disable } : {}), ...(rule.type === 'node-affinity' ? { strict: rule.strict ?? 0 } : {}),
      digest: digest(ha().rules) }
  }
  const checkRule = (values: Values): void => {
    const foreign = values['type'] === 'node-affinity' ? ['affinity'] : ['nodes', 'strict']
    for (const name of foreign) if (values[name] !== undefined) wrong(name, `property is not valid for type '${values['type']}'`)
    const missing = list(values['resources']).filter((sid) => !ha().resources[sid])
    if (missing.length > 0) throw new PveError(500, `cannot use unmanaged resource(s) ${missing.join(', ')}.\n`)
    const unknown = list(values['nodes']).map((entry) => entry.split(':')[0]!).filter((name) => !pve(world).nodes[name])
    if (unknown.length > 0) throw new PveError(500, `non-existing cluster node(s) ${unknown.join(', ')}\n`)
  }
  const checkFeasible = (rule: HaRule): void => {
    const clash = (text: string): never => {
      throw new PveError(400, `Rule '${rule.rule}' is invalid.\n`, { resources: text })
    }
    if (rule.type === 'resource-affinity' && list(rule.resources).length < 2) clash('rule is ineffective as there are less than two resources')
    if (rule.type !== 'node-affinity') return
    for (const other of Object.values(ha().rules))
      for (const sid of list(other.resources))
        if (other.rule !== rule.rule && other.type === rule.type
          && list(rule.resources).includes(sid)) clash(`resource '${sid}' is already used in another node affinity rule`)
  }

  on('GET', '/cluster/ha/rules', { type: kinds, resource: { type: 'string' } }, ({ values }) =>
    Object.values(ha().rules).filter((rule) => (values['type'] === undefined || rule.type === values['type'])
      && (values['resource'] === undefined || list(rule.resources).includes(String(values['resource'])))).map(view))
  on('GET', '/cluster/ha/rules/:rule', { rule: configId }, ({ values }) => {
    const rule = ha().rules[String(values['rule'])]
    if (!rule) throw new PveError(500, `no such ha rule '${values['rule']}'\n`)
    return view(rule)
  })
  on('POST', '/cluster/ha/rules', { ...options, resources: { ...options['resources']!, required: true } }, ({ values }) => {
    const needed = values['type'] === 'node-affinity' ? 'nodes' : 'affinity'
    if (values[needed] === undefined) wrong(needed, 'property is missing and it is not optional')
    const name = String(values['rule'])
    if (ha().rules[name]) throw new PveError(500, `create ha rule failed: HA rule '${name}' already defined\n`)
    checkRule(values)
    const rule: HaRule = { ...values, rule: name, type: String(values['type']), resources: list(values['resources']).join(','), order: ha().order++ }
    checkFeasible(rule)
    ha().rules[name] = rule
    planRound(world)
  })
  on('PUT', '/cluster/ha/rules/:rule', { ...options, ...removal }, ({ values }) => {
    checkDigest(values['digest'], ha().rules)
    const rule = ha().rules[String(values['rule'])]
    if (!rule) throw new PveError(500, `update HA rules failed: HA rule '${values['rule']}' does not exist\n`)
    if (rule.type !== values['type']) throw new PveError(500, `update HA rules failed: cannot change type of HA rule '${rule.rule}'\n`)
    checkRule(values)
    const { delete: gone, digest: _digest, ...rest } = values
    const changed: HaRule = { ...rule, ...rest, rule: rule.rule, type: rule.type, resources: list(values['resources'] ?? rule.resources).join(',') }
    deleteKeys(changed, list(gone), ['rule', 'type', 'resources', 'nodes', 'affinity'])
    checkFeasible(changed)
    ha().rules[rule.rule] = changed
    planRound(world)
  })
  on('DELETE', '/cluster/ha/rules/:rule', { rule: configId }, ({ values }) => {
    delete ha().rules[String(values['rule'])]
    planRound(world)
  })
}

function statusRoutes(world: World, on: Register): void {
  const state = () => pve(world)
  const seconds = (): number => Math.floor(world.clock.now() / 1000)
  on('GET', '/cluster/ha/status/current', {}, () => {
    const { ha, nodes, containers, major } = state()
    const now = seconds()
    const rows: Record<string, unknown>[] = [
      { id: 'quorum', type: 'quorum', node: ha.master, quorate: 1, status: 'OK' },
      { id: 'master', type: 'master', node: ha.master, status: `${ha.master} (active, ${new Date(now * 1000).toUTCString()})`, timestamp: now },
    ]
    if (major === 9) rows.push({ id: 'fencing', type: 'fencing', node: ha.master, status: 'armed', 'armed-state': 'armed' })
    for (const [name, node] of Object.entries(nodes)) {
      const busy = Object.values(ha.services).some((service) => service.node === name)
      const mode = !node.online ? 'old timestamp - dead?' : busy ? 'active' : 'idle'
      rows.push({ id: `lrm:${name}`, type: 'lrm', node: name, status: `${name} (${mode}, ${new Date(now * 1000).toUTCString()})`, timestamp: now })
    }
    for (const resource of Object.values(ha.resources)) {
      const service = ha.services[resource.sid]
      const container = containers[resource.sid.slice(3)]
      const node = service?.node ?? container?.node ?? '---'
      const starting = service?.state === 'started' && container?.running === false
      const verbose = resource.state === 'ignored' ? 'ignored' : service === undefined ? 'queued' : starting ? 'starting'
        : service.state === 'request_stop' ? 'stopping' : service.state
      const { sid, type: _type, state: request, ...rest } = resource
      rows.push({ ...rest, id: `service:${sid}`, type: 'service', sid, node, ...(service ? { crm_state: service.state } : {}),
        request_state: request, state: verbose, status: `${sid} (${node}, ${verbose})` })
    }
    return rows
  })
  on('GET', '/cluster/ha/status/manager_status', {}, () => {
    const { ha, nodes } = state()
    const status = Object.fromEntries(Object.entries(nodes).map(([name, node]) =>
      [name, node.online ? 'online' : Object.values(ha.services).some((one) => one.node === name && one.state === 'fence') ? 'fence' : 'unknown']))
    return {
      manager_status: { master_node: ha.master, node_status: status, service_status: ha.services, timestamp: seconds() },
      quorum: { node: ha.master, quorate: 1 },
      lrm_status: Object.fromEntries(Object.keys(nodes).map((name) =>
        [name, { mode: 'active', state: 'active', timestamp: seconds(), results: {} }])),
    }
  })
}
