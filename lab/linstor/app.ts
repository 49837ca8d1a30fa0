// LINSTOR controller, REST API v1, as Berth and the Proxmox plugin use it: reads, properties, replicas, deletion. State in the slice `linstor`.
// Not simulated: creating definitions over REST (the plugin does it inside lab/proxmox), authentication, events, encryption, shipping.
// https://github.com/LINBIT/linstor-server/blob/master/docs/rest_v1_openapi.yaml
import { Hono, type Context } from 'hono'
import { shuffled } from '../random.ts'
import { nodes, storage } from '../topology.ts'
import type { World } from '../world.ts'
import { answer, codes, type Entry } from './answers.ts'
import { type Definition, type Replica, linstorState } from './state.ts'
import { definitionView, groupView, nodeView, poolViews, resourceView, resourceWithVolumes, snapshotView, volumeDefinitionView } from './views.ts'
import { LinstorFailure, addReplica, addTieBreaker, deleteSnapshot, free, linstorHappenings, settleQuorum } from './volumes.ts'

export { linstorDefinitions } from './state.ts'

type Changes = { override_props?: Record<string, string>; delete_props?: string[]; delete_namespaces?: string[] }

/** The controller over this world's storage: `/health` and `/v1/…`. */
export function linstor(world: World): Hono {
  linstorHappenings(world)
  const app = new Hono()
  const state = () => linstorState(world)

  const listed = <T>(c: Context, list: T[]): Response => {
    const limit = Number(c.req.query('limit') ?? 0)
    const offset = Number(c.req.query('offset') ?? 0)
    return c.json(limit > 0 ? list.slice(offset, offset + limit) : shuffled(world.random, list.slice(offset)))
  }
  /** `?nodes=a&nodes=b`, names without regard to case, as LINSTOR compares them. */
  const wanted = (c: Context, name: string): ((value: string) => boolean) => {
    const values = c.req.queries(name)?.flatMap((value) => value.split(',')).map((value) => value.toLowerCase())
    return values === undefined || values.length === 0 ? () => true : (value) => values.includes(value.toLowerCase())
  }
  const failure = (code: number, message: string, entry: Pick<Entry,
    'operation' | 'object'> = { operation: 'modify', object: 'definition' }): Response =>
    answer(world, 200, [{ type: 'error', ...entry, code, message }])
  const definition = (c: Context): Definition | undefined => state().definitions[c.req.param('resource') ?? '']
  const noDefinition = (c: Context): Response => failure(codes.FAIL_NOT_FOUND_RSC_DFN, `Resource definition '${c.req.param('resource')}' not found.`)
  const pairs = (c: Context): [Definition, Replica][] => {
    const onNode = wanted(c, 'nodes')
    const named = wanted(c, 'resources')
    return Object.values(state().definitions).filter((one) => named(one.name))
      .flatMap((one) => Object.values(one.replicas).filter((replica) => onNode(replica.node)).map((replica): [Definition, Replica] => [one, replica]))
  }
  const applyProps = async (c: Context, props: Record<string, string>): Promise<Response | undefined> => {
    const changes = (await c.req.json().catch(() => undefined)) as Changes | undefined
    if (changes === undefined || typeof changes !== 'object') return failure(codes.FAIL_INVLD_REQUEST, 'Unable to parse JSON request body')
    for (const [key, value] of Object.entries(changes.override_props ?? {})) props[key] = String(value)
    for (const key of changes.delete_props ?? []) delete props[key]
    for (const space of changes.delete_namespaces ?? []) for (const key of Object.keys(props)) if (key.startsWith(`${space}/`)) delete props[key]
    return undefined
  }
  const guarded = (run: () => Response): Response => {
    try {
      return run()
    } catch (error) {
      if (error instanceof LinstorFailure) return failure(error.code, error.message, { operation: 'delete', object: 'definition' })
      throw error
    }
  }

  app.get('/health', (c) => c.text(''))
  app.get('/v1/controller/version', (c) =>
    c.json({ version: '1.33.1', git_hash: 'fa147409a1b2c3d4e5f60718293a4b5c6d7e8f90', build_time: '2026-05-12T09:00:00+00:00',
    rest_api_version: '1.28.0' }))
  app.get('/v1/nodes', (c) => listed(c, nodes.map((node) => node.name).filter(wanted(c, 'nodes')).map((name) => nodeView(state(), name))))
  app.get('/v1/nodes/:node', (c) => {
    const name = c.req.param('node')
    return nodes.some((node) => node.name === name) ? c.json(nodeView(state(), name))
      : failure(codes.FAIL_NOT_FOUND_NODE, `Node '${name}' not found.`)
  })
  app.get('/v1/nodes/:node/storage-pools', (c) => listed(c, poolViews(state(), c.req.param('node'))))
  app.get('/v1/view/storage-pools', (c) => {
    const named = wanted(c, 'storage_pools')
    return listed(c, nodes.map((node) => node.name).filter(wanted(c, 'nodes')).flatMap((name) => poolViews(state(), name)).filter((pool) =>
      named(String(pool['storage_pool_name']))))
  })
  app.get('/v1/resource-groups', (c) => listed(c, wanted(c, 'resource_groups')(storage.resourceGroup) ? [groupView(state())] : []))
  app.get('/v1/view/resources', (c) => listed(c, pairs(c).map(([one, replica]) => resourceWithVolumes(world, state(), one, replica))))
  app.get('/v1/view/snapshots', (c) => {
    const named = wanted(c, 'resources')
    return listed(c, Object.values(state().definitions).filter((one) => named(one.name)).flatMap((one) =>
      Object.values(one.snapshots).map((snap) => snapshotView(one, snap))))
  })

  app.get('/v1/resource-definitions', (c) => {
    const props = c.req.queries('props') ?? []
    // `props` filters: `Aux/pm/vmid=100` or just a key that must exist.
    const fits = (one: Definition): boolean => props.every((text) => {
      const [key = '', value] = text.split('=')
      return one.props[key] !== undefined && (value === undefined || one.props[key] === value)
    })
    const named = wanted(c, 'resource_definitions')
    return listed(c, Object.values(state().definitions).filter((one) => named(one.name) && fits(one)).map((one) =>
      definitionView(one, c.req.query('with_volume_definitions') === 'true')))
  })
  app.get('/v1/resource-definitions/:resource', (c) => {
    const one = definition(c)
    return one ? c.json(definitionView(one)) : noDefinition(c)
  })
  app.put('/v1/resource-definitions/:resource', async (c) => {
    const one = definition(c)
    if (!one) return noDefinition(c)
    const quorum = one.props['DrbdOptions/Resource/quorum']
    const bad = await applyProps(c, one.props)
    if (bad) return bad
    if (one.props['DrbdOptions/auto-add-quorum-tiebreaker']?.toLowerCase() === 'true') addTieBreaker(world, one)
    if (one.props['DrbdOptions/Resource/quorum'] === quorum) settleQuorum(one)
    world.changed()
    return answer(world, 200, [
      { type: 'success', operation: 'modify', object: 'definition', code: 3, message: `Resource definition '${one.name}' modified.`, name: one.name },
      ...Object.keys(one.replicas).map((node): Entry =>
        ({ type: 'info', operation: 'modify', object: 'resource', code: 3, message: `(${node}) Resource '${one.name}' [DRBD] adjusted.` })),
    ])
  })
  app.delete('/v1/resource-definitions/:resource', (c) => guarded(() => {
    const one = definition(c)
    const base = { operation: 'delete', object: 'definition' } as const
    if (!one) return answer(world, 200,
      [{ ...base, type: 'warning', code: 301, message: `Resource definition '${c.req.param('resource')}' not found.` }])
    free(world, one.name)
    return answer(world, 200, [
      { ...base, type: 'info', code: 2, message: `Resource definition '${one.name}' marked for deletion.`, name: one.name },
      { ...base, type: 'success', code: 2, message: `Resource definition '${one.name}' deleted.`, name: one.name },
    ])
  }))
  app.get('/v1/resource-definitions/:resource/volume-definitions', (c) => {
    const one = definition(c)
    return one ? listed(c, [volumeDefinitionView(one)]) : noDefinition(c)
  })
  app.get('/v1/resource-definitions/:resource/resources', (c) => {
    const one = definition(c)
    return one ? listed(c, Object.values(one.replicas).map((replica) => resourceView(world, state(), one, replica))) : noDefinition(c)
  })
  app.get('/v1/resource-definitions/:resource/resources/:node', (c) => {
    const one = definition(c)
    const replica = one?.replicas[c.req.param('node')]
    return one && replica ? c.json(resourceView(world, state(), one, replica))
      : failure(codes.FAIL_NOT_FOUND_RSC, `Resource '${c.req.param('resource')}' not found on node '${c.req.param('node')}'.`)
  })
  app.post('/v1/resource-definitions/:resource/resources/:node', async (c) => {
    const one = definition(c)
    const node = c.req.param('node')
    const base = { operation: 'create', object: 'resource' } as const
    if (!one) return noDefinition(c)
    if (!nodes.some((known) => known.name === node)) return failure(codes.FAIL_NOT_FOUND_NODE, `Node '${node}' not found.`, base)
    const existing = one.replicas[node]
    // A resource created where LINSTOR keeps a tie-breaker takes the tie-breaker's place instead of clashing with it.
    if (existing && !existing.tieBreaker) return failure(codes.FAIL_EXISTS_RSC, `A resource '${one.name}' on node '${node}' already exists.`, base)
    const body = (await c.req.json().catch(() => ({}))) as { resource?: { flags?: string[] } }
    const flags = body.resource?.flags ?? []
    const diskful = !flags.some((flag) => flag === 'DISKLESS' || flag === 'DRBD_DISKLESS' || flag === 'TIE_BREAKER')
    if (diskful && !poolViews(state(), node)[1]) return failure(codes.FAIL_NOT_ENOUGH_FREE_SPACE, `No storage pool on node '${node}'.`, base)
    addReplica(world, one, node, { diskful, tieBreaker: flags.includes('TIE_BREAKER'), syncMs: diskful ? 4000 : 0 })
    world.changed()
    return answer(world, 201, [{ ...base, type: 'success', code: 1, message: `New resource '${one.name}' on node '${node}' registered.`,
      name: one.name }])
  })
  app.delete('/v1/resource-definitions/:resource/resources/:node', (c) => {
    const one = definition(c)
    const replica = one?.replicas[c.req.param('node')]
    const base = { operation: 'delete', object: 'resource' } as const
    if (!one || !replica) return answer(world, 200,
      [{ ...base, type: 'warning', code: 302, message: `Resource '${c.req.param('resource')}' on node '${c.req.param('node')}' not found.` }])
    if (replica.inUse) return failure(codes.FAIL_IN_USE, `Resource '${one.name}' on node '${replica.node}' is still in use.`, base)
    delete one.replicas[replica.node]
    settleQuorum(one)
    world.changed()
    return answer(world, 200, [{ ...base, type: 'success', code: 2, message: `Node: ${replica.node}, Resource: ${one.name} deleted.`,
      name: one.name }])
  })
  app.get('/v1/resource-definitions/:resource/snapshots', (c) => {
    const one = definition(c)
    return one ? listed(c, Object.values(one.snapshots).map((snap) => snapshotView(one, snap))) : noDefinition(c)
  })
  app.delete('/v1/resource-definitions/:resource/snapshots/:snapshot', (c) => {
    const one = definition(c)
    const snap = one?.snapshots[c.req.param('snapshot')]
    const base = { operation: 'delete', object: 'snapshot' } as const
    if (!one || !snap) return answer(world, 200,
      [{ ...base, type: 'warning', code: 313, message: `Snapshot '${c.req.param('snapshot')}' not found.` }])
    deleteSnapshot(world, one.name, snap.name)
    return answer(world, 200, [{ ...base, type: 'success', code: 2, message: `Snapshot '${snap.name}' of '${one.name}' deleted.`, name: snap.name }])
  })

  app.notFound((c) => {
    world.slice('strays', () => ({ list: [] as string[] })).list.push(`${c.req.method} ${c.req.path}`)
    return c.text('', 404)
  })
  return app
}
