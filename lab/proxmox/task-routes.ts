// Reading and stopping tasks: per node the active list and the archive, for the cluster each node's broadcast of recent ones.
// https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/tasks
import { shuffled } from '../random.ts'
import type { World } from '../world.ts'
import type { Schema } from './parameters.ts'
import { Enveloped, PveError, type Register } from './protocol.ts'
import { node } from './schemas.ts'
import { type Task, elapsed, pve } from './state.ts'
import { kill } from './tasks.ts'

/** A finished worker stays in the active file until pvestatd archives it. */
const archivedAfterMs = 5000

const row = (task: Task): Record<string, unknown> => ({
  upid: task.upid, node: task.node, pid: task.pid, pstart: task.pstart, starttime: task.starttime, type: task.type, id: task.id, user: task.user,
  ...(task.endtime === undefined ? {} : { endtime: task.endtime, status: task.exit }),
})

const filters: Schema = {
  node, errors: { type: 'boolean' }, limit: { type: 'integer', min: 0 }, since: { type: 'integer' }, until: { type: 'integer' },
  source: { type: 'string', enum: ['archive', 'active', 'all'] },
  start: { type: 'integer', min: 0 }, statusfilter: { type: 'string' }, typefilter: { type: 'string' }, userfilter: { type: 'string' },
  vmid: { type: 'integer', min: 100, max: 999_999_999 },
}
const one: Schema = { node, upid: { type: 'string', required: true } }

/** `OK` → ok, `WARNINGS: n` → warning, other texts → error, as libpve-common sorts them. */
const kindOf = (exit: string): string =>
  (exit === 'OK' ? 'ok' : /^WARNINGS: \d+$/.test(exit) ? 'warning' : exit === 'unexpected status' ? 'unknown' : 'error')

export function taskRoutes(world: World, on: Register): void {
  const find = (where: string, upid: unknown): Task => {
    if (!/^UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:]+:[^:]*:[^:]+:$/i.test(String(upid)))
      throw new PveError(400, 'Parameter verification failed.\n', { upid: `unable to parse worker upid '${String(upid)}'` })
    const task = pve(world).tasks[String(upid)]
    if (!task || task.node !== where) throw new PveError(500, 'no such task\n')
    return task
  }

  on('GET', '/nodes/:node/tasks', filters, ({ values, node: where }) => {
    const source = values['source'] ?? 'archive'
    const statuses = String(values['statusfilter'] ?? '').split(/[,;\s]+/).filter(Boolean)
    const fits = (task: Task): boolean => {
      if (task.node !== where) return false
      const archived = task.endedAt !== undefined && elapsed(world, task.endedAt) >= archivedAfterMs
      if (source === 'archive' ? !archived : source === 'active' ? archived : false) return false
      if (values['vmid'] !== undefined && task.id !== String(values['vmid'])) return false
      if (values['typefilter'] !== undefined && task.type !== values['typefilter']) return false
      if (values['since'] !== undefined && task.starttime < Number(values['since'])) return false
      if (values['until'] !== undefined && task.starttime > Number(values['until'])) return false
      if (values['userfilter'] !== undefined && !task.user.toLowerCase().includes(String(values['userfilter']).toLowerCase())) return false
      const kind = task.exit === undefined ? 'unknown' : kindOf(task.exit)
      return (values['errors'] !== 1 || kind === 'error') && (statuses.length === 0 || statuses.includes(kind))
    }
    const found = Object.values(pve(world).tasks).filter(fits).reverse()
    const start = Number(values['start'] ?? 0)
    return new Enveloped({ data: found.slice(start, start + (Number(values['limit'] ?? 50) || found.length)).map(row), total: found.length })
  })

  on('GET', '/cluster/tasks', {}, () => {
    const recent = Object.values(pve(world).tasks).slice(-60)
    const perNode = new Map<string, number>()
    const shown = recent.reverse().filter((task) => {
      const count = (perNode.get(task.node) ?? 0) + 1
      perNode.set(task.node, count)
      return pve(world).nodes[task.node]!.online && (count <= 25 || task.endedAt === undefined)
    })
    return shuffled(world.random, shown).map((task) => ({ ...row(task), saved: task.endedAt === undefined ? '0' : '1' }))
  })

  on('GET', '/nodes/:node/tasks/:upid', one, ({ values, node: where }) => {
    find(where, values['upid'])
    return [{ name: 'log' }, { name: 'status' }]
  })

  on('GET', '/nodes/:node/tasks/:upid/status', one, ({ values, node: where }) => {
    const task = find(where, values['upid'])
    const [user = '', token] = task.user.split('!')
    return {
      upid: task.upid, node: task.node, pid: task.pid, pstart: task.pstart, starttime: task.starttime, type: task.type, id: task.id, user,
      ...(token === undefined ? {} : { tokenid: token }),
      ...(task.exit === undefined ? { status: 'running' } : { status: 'stopped', exitstatus: task.exit }),
    }
  })

  const logSchema: Schema = { ...one, download: { type: 'boolean' }, limit: { type: 'integer', min: 0 }, start: { type: 'integer', min: 0 } }
  on('GET', '/nodes/:node/tasks/:upid/log', logSchema, ({ values, node: where }) => {
    const task = find(where, values['upid'])
    const start = Number(values['start'] ?? 0)
    const limit = Number(values['limit'] ?? 50) || task.log.length
    const lines = task.log.length === 0 ? ['no content'] : task.log
    return new Enveloped({ data: lines.slice(start, start + limit).map((t, i) => ({ n: start + i + 1, t })), total: lines.length })
  })

  on('DELETE', '/nodes/:node/tasks/:upid', one, ({ values, node: where }) => {
    kill(world, find(where, values['upid']))
    return null
  })
}
