// A lock is taken away only when nobody can be working under it any more.
import { describe, expect, test } from 'vitest'
import { site, type Heard } from './worker.ts'

interface Cluster { nodes?: Record<string, string>; tasks?: Record<string, object[]>; config?: (nth: number) => object; spoil?: (heard: Heard) => Response | undefined }

/** What becomes of a run of `unlock-container` on container 100 of node1, and how often the node was asked to. */
async function unlocking({ nodes = { node1: 'online', node2: 'online' }, tasks = {}, config = () => ({ digest: 'a', lock: 'create' }), spoil = () => undefined }: Cluster) {
  const runs: unknown[] = []
  let configs = 0
  const { send, settled, heard } = site((one) => {
    const { pathname } = one.url
    const spoilt = spoil(one)
    if (spoilt) return spoilt
    if (pathname === '/api2/json/nodes') return Response.json({ data: Object.entries(nodes).map(([node, status]) => ({ node, status })) })
    const node = /nodes\/(\w+)\/tasks$/.exec(pathname)?.[1]
    if (node !== undefined) return nodes[node] === 'online' ? Response.json({ data: tasks[node] ?? [] }) : new Response('', { status: 595 })
    return Response.json({ data: config(++configs) })
  }, { driver: { run: async (request) => {
    runs.push(request)
    return { exit: 0, output: '' }
  } } })
  expect((await send('POST', '/playbooks/unlock-container', { body: '{"run":"r1","node":"node1","vmid":100,"parameters":{"lock":"create"}}' })).status).toBe(202)
  const end = await settled((await send('GET', '/tasks/run:r1?wait=20000', { leftMs: 60_000 })).json()) as { state: string; ok?: boolean; output?: string }
  return { end, runs, heard }
}

describe('a stale lock', () => {
  test('is taken away when no node has a task of the container, asked twice', async () => {
    const { end, runs, heard } = await unlocking({ tasks: { node2: [{ type: 'vzcreate', status: 'unexpected status' }] } })
    expect(end).toMatchObject({ state: 'ended', ok: true })
    expect(runs).toEqual([{ playbook: 'unlock-container', run: 'r1', node: 'node1', vmid: 100, parameters: { lock: 'create' } }])
    const asked = heard.filter(({ url }) => url.pathname.endsWith('/tasks')).map(({ url }) => `${url.pathname.split('/')[4]!}${url.search}`)
    expect(asked.sort()).toEqual(['node1?source=active&vmid=100', 'node1?source=active&vmid=100', 'node2?source=active&vmid=100', 'node2?source=active&vmid=100'])
  })

  test('does not wait for a node that is cut off from the cluster', async () => {
    expect((await unlocking({ nodes: { node1: 'online', node2: 'offline' } })).end).toMatchObject({ ok: true })
  })

  const alive: Record<string, [Cluster, string]> = {
    'a task runs on its node': [{ tasks: { node1: [{ type: 'vzcreate' }] } }, 'a task vzcreate of this container runs on node1'],
    'a task runs on another node': [{ tasks: { node2: [{ type: 'vzmigrate', status: 'RUNNING' }] } }, 'a task vzmigrate of this container runs on node2'],
    'its node is away': [{ nodes: { node1: 'offline', node2: 'online' } }, 'the node node1 is away'],
    'it is another lock': [{ config: () => ({ digest: 'a', lock: 'backup' }) }, 'the lock is "backup"'],
    'somebody writes between the two looks': [{ config: (nth) => ({ digest: String(nth), lock: 'create' }) }, 'somebody has just written the config'],
  }
  test.each(Object.entries(alive))('stays when %s, and says so', async (_, [cluster, says]) => {
    const { end, runs } = await unlocking(cluster)
    expect(end).toMatchObject({ state: 'ended', ok: false, output: says })
    expect(runs).toEqual([])
  })

  test.each(['/api2/json/nodes', '/api2/json/nodes/node2/tasks', '/api2/json/nodes/node1/lxc/100/config'])('stays when nobody can tell: GET %s fails', async (path) => {
    for (const answer of [() => Response.json({ data: null }, { status: 500 }), () => Response.json({ data: 'none' }), () => new Response('<html>')]) {
      const { end, runs } = await unlocking({ spoil: ({ url }) => (url.pathname === path ? answer() : undefined) })
      expect(end.state).toBe('unknown')
      expect(runs).toEqual([])
    }
  })
})
