// The cluster at large: version, nodes, the resource list (existence at once, figures from pvestatd), next id, storages.
import { freeKib, linstorState } from '../linstor/state.ts'
import { shuffled } from '../random.ts'
import { backupStorage, customerNodes, nodes, storage } from '../topology.ts'
import type { World } from '../world.ts'
import { type Archive, archives, backupKind, bytesUsed, reachable } from './archives.ts'
import { PveError, type Register } from './protocol.ts'
import { node } from './schemas.ts'
import { digest, elapsed, published, pve, templates, volumeName } from './state.ts'

type Row = Record<string, unknown>
const gib = 1_073_741_824

export function clusterRoutes(world: World, on: Register): void {
  const state = pve(world)
  const release = state.major === 9 ? '9.1' : '8.4'

  on('GET', '/version', {}, () => ({ release, version: state.major === 9 ? '9.1.6' : '8.4.14', repoid: state.major === 9 ? '6f3a8c1d' : 'b502d23c' }))
  on('GET', '/cluster/resources', { type: { type: 'string', enum: ['vm', 'storage', 'node', 'sdn'] } }, ({ values }) => {
    const type = values['type']
    const rows: Row[] = []
    if (type === undefined || type === 'vm') rows.push(...Object.keys(state.containers).map(guestRow))
    if (type === undefined || type === 'node') rows.push(...nodes.map((facts) =>
      ({ ...nodeRow(facts.name), id: `node/${facts.name}`, type: 'node' })))
    if (type === undefined || type === 'storage') rows.push(...nodes.flatMap((facts) => storages(facts.name).map((row) => ({
      id: `storage/${facts.name}/${String(row['storage'])}`, type: 'storage', storage: row['storage'], node: facts.name, plugintype: row['type'],
      content: row['content'], shared: row['shared'], disk: row['used'], maxdisk: row['total'],
      status: state.nodes[facts.name]!.online ? 'available' : 'unknown',
    }))))
    return shuffled(world.random, rows)
  })
  on('GET', '/cluster/nextid', { vmid: { type: 'integer', min: 100, max: 999_999_999 } }, ({ values }) => {
    const wanted = values['vmid']
    if (wanted !== undefined && state.containers[wanted]) throw new PveError(400, 'Parameter verification failed.\n',
      { vmid: `VM ${wanted} already exists` })
    let id = Number(wanted ?? 100)
    while (state.containers[id]) id++
    return String(id)
  })
  on('GET', '/nodes', {}, () => shuffled(world.random, nodes).map((facts) => ({
    ...nodeRow(facts.name), id: `node/${facts.name}`, type: 'node', level: '',
    ssl_fingerprint: Array.from({ length: 32 }, (_, i) => ((i * 37 + facts.cores) % 256).toString(16).padStart(2, '0').toUpperCase()).join(':'),
  })))
  on('GET', '/nodes/:node/status', { node }, ({ node: name }) => {
    const facts = nodes.find((one) => one.name === name)!
    const total = facts.memoryMb * 1_048_576
    const used = usedMemory(name)
    const kernel = state.major === 9 ? '6.17.2-1-pve' : '6.8.12-15-pve'
    return {
      uptime: Math.floor(elapsed(world, state.nodes[name]!.bootedAt) / 1000), cpu: 0.02, wait: 0, idle: 0, loadavg: ['0.31', '0.28', '0.25'],
      pveversion: `pve-manager/${state.major === 9 ? '9.1.6' : '8.4.14'}/6f3a8c1d`,
      kversion: `Linux ${kernel}`, 'current-kernel': { sysname: 'Linux', release: kernel, version: '#1 SMP PREEMPT_DYNAMIC',
        machine: 'x86_64' }, 'boot-info': { mode: 'efi', secureboot: 0 },
      cpuinfo: { model: 'AMD EPYC', cores: facts.cores, cpus: facts.cores, sockets: 1 },
      memory: { total, used, free: total - used, available: total - used }, swap: { total: 8 * gib, used: 0, free: 8 * gib },
      rootfs: { total: 94 * gib, used: 12 * gib, free: 82 * gib, avail: 77 * gib },
    }
  })
  on('GET', '/storage', { type: { type: 'string' } }, ({ values }) => shuffled(world.random, [
    { storage: 'local', type: 'dir', path: '/var/lib/vz', content: 'vztmpl,iso,backup', digest: digest('storage.cfg') },
    backupKind(world) === 'pbs'
      ? { storage: backupStorage.id, type: 'pbs', server: nodes.find((one) => one.name === backupStorage.node)!.address, datastore: 'berth', username: 'berth@pbs', content: 'backup', digest: digest('storage.cfg') }
      : { storage: backupStorage.id, type: 'nfs', server: nodes.find((one) => one.name === backupStorage.node)!.address, export: '/backup', path: `/mnt/pve/${backupStorage.id}`, content: 'backup', digest: digest('storage.cfg') },
    { storage: storage.id, type: 'drbd', controller: nodes.map(({ address }) => address).join(','), resourcegroup: storage.resourceGroup, content: 'images,rootdir', shared: 1, clusterlocktimeout: 60, digest: digest('storage.cfg') },
  ].filter((row) => values['type'] === undefined || row.type === values['type'])))
  const storageFilter = { node, content: { type: 'string' }, enabled: { type: 'boolean' }, format: { type: 'boolean' },
    storage: { type: 'string', format: 'pve-storage-id' }, target: { type: 'string', format: 'pve-node' } } as const
  on('GET', '/nodes/:node/storage', storageFilter, ({ values, node: name }) =>
    shuffled(world.random, storages(name)).filter((row) => (values['storage'] === undefined || row['storage'] === values['storage'])
      && (values['content'] === undefined
      || String(row['content']).split(',').some((one) => String(values['content']).split(/[,;\s]+/).includes(one)))))
  const oneStorage = (name: string, id: unknown): Row => {
    const found = storages(name).find((row) => row['storage'] === id)
    if (!found) throw new PveError(500, id === storage.id ? `storage '${id}' is not available on node '${name}'\n`
      : `storage '${String(id)}' does not exist\n`)
    return found
  }
  const storageId = { type: 'string', required: true, format: 'pve-storage-id' } as const
  on('GET', '/nodes/:node/storage/:storage/status', { node, storage: storageId }, ({ values, node: name }) => {
    const { storage: _storage, used_fraction: _fraction, ...rest } = oneStorage(name, values['storage'])
    return rest
  })
  on('GET', '/nodes/:node/storage/:storage/content',
    { node, storage: storageId, content: { type: 'string' }, vmid: { type: 'integer', min: 100, max: 999_999_999 } }, ({ values, node: name }) => {
    oneStorage(name, values['storage'])
    if (values['storage'] === backupStorage.id) reachable(world)
    const rows: Row[] = values['storage'] === backupStorage.id ? shuffled(world.random, archives(world).map(archiveRow)) : values['storage'] === 'local'
      ? templates(world).map((volid) => ({ volid, content: 'vztmpl', format: 'tzst', size: 141_589_201, ctime: 1_760_000_000 }))
      : Object.values(state.containers).flatMap((container) => volumeRow(container.vmid))
    return rows.filter((row) => (values['content'] === undefined || row['content'] === values['content'])
      && (values['vmid'] === undefined || row['vmid'] === values['vmid']))
  })

  function archiveRow(one: Archive): Row {
    return { volid: one.volid, content: 'backup', format: backupKind(world) === 'pbs' ? 'pbs-ct' : 'tar.zst', subtype: 'lxc', size: one.sizeBytes, ctime: one.ctime, vmid: one.vmid,
      ...(one.notes === '' ? {} : { notes: one.notes }), ...(one.protected ? { protected: 1 } : {}) }
  }

  function volumeRow(id: number): Row[] {
    const name = volumeName(state.containers[id]!.config)
    const definition = name === undefined ? undefined : linstorState(world).definitions[name]
    return definition ? [{ volid: `${storage.id}:${name}_${id}`, content: 'rootdir', format: 'raw', size: definition.sizeKib * 1024, vmid: id }] : []
  }

  function usedMemory(name: string): number {
    let used = 4 * gib
    for (const container of Object.values(state.containers)) if (container.node === name
      && container.running) used += Number(container.config['memory'] ?? 512) * 262_144
    return used
  }

  /** Existence, node, lock and tags come from the cluster file system at once; name, status and figures when pvestatd has seen them. */
  function guestRow(id: string): Row {
    const container = state.containers[id]!
    const shown = published(world, container)
    const hastate = state.ha.services[`ct:${id}`]?.state
    const row: Row = { id: `lxc/${id}`, type: 'lxc', vmid: container.vmid, node: container.node,
      status: state.nodes[container.node]!.online ? shown.status : 'unknown', template: 0 }
    for (const key of ['lock', 'tags']) if (container.config[key] !== undefined) row[key] = container.config[key]
    if (hastate !== undefined) row['hastate'] = hastate
    if (shown.name === undefined) return row
    const running = shown.status === 'running'
    return {
      ...row, name: shown.name, maxmem: shown.maxmem, maxdisk: Math.round(shown.maxdisk ?? 0), maxcpu: Number(container.config['cores'] ?? 1),
      uptime: running ? Math.floor(elapsed(world, shown.startedAt ?? 0) / 1000) : 0,
      cpu: running ? 0.005 : 0, mem: running ? Math.floor((shown.maxmem ?? 0) / 4) : 0, disk: running ? 1_288_490_188 : 0, netin: 0,
      netout: 0, diskread: 0, diskwrite: 0,
    }
  }

  function nodeRow(name: string): Row {
    const facts = nodes.find((one) => one.name === name)!
    const here = state.nodes[name]!
    if (!here.online) return { node: name, status: 'offline' }
    return { node: name, status: 'online', cpu: 0.02, maxcpu: facts.cores, mem: usedMemory(name), maxmem: facts.memoryMb * 1_048_576,
      disk: 12 * gib, maxdisk: 94 * gib, uptime: Math.floor(elapsed(world, here.bootedAt) / 1000), level: '' }
  }

  function storages(name: string): Row[] {
    const local = { storage: 'local', type: 'dir', content: 'vztmpl,iso,backup', active: 1, enabled: 1, shared: 0, total: 94 * gib,
      used: 12 * gib, avail: 77 * gib, used_fraction: 12 / 94 }
    const backup = { storage: backupStorage.id, type: backupKind(world), content: 'backup', active: state.nodes[backupStorage.node]!.online ? 1 : 0, enabled: 1, shared: 1,
      total: backupStorage.capacityBytes, used: bytesUsed(world), avail: backupStorage.capacityBytes - bytesUsed(world),
      used_fraction: bytesUsed(world) / backupStorage.capacityBytes }
    if (!customerNodes.includes(name)) return [local, backup]
    const total = linstorState(world).capacityKib * 1024
    const avail = Math.min(...customerNodes.map((one) => freeKib(linstorState(world), one))) * 1024
    return [local, backup, { storage: storage.id, type: 'drbd', content: 'images,rootdir', active: 1, enabled: 1, shared: 1, total, avail,
      used: total - avail, used_fraction: (total - avail) / total }]
  }
}
