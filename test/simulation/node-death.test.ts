// A node dies under a live site. HA starts the site on the other node; whatever billing wants then is done there, while the
// dead node is still dead.
import { expect, it } from 'vitest'
import { containers, failNode, restoreNode } from '../../lab/proxmox/app.ts'
import type { Verb } from '../../src/domain/order.ts'
import { live, type Event } from './history.ts'

const s = 1_000
const at = (atMs: number, verb: Verb): Event => ({ atMs, service: 'one', verb })

it('moves with its site: suspends, resumes and terminates it on the node that is left', async () => {
  const seen: Record<string, string> = {}
  const look = (what: string) => ({ atMs: Number(what) * s, run: (platform: Parameters<NonNullable<Parameters<typeof live>[0]['onCreate']>>[0]) => {
    const [guest] = containers(platform.dc.world)
    seen[what] = guest ? `${guest.status} on ${guest.node}` : 'gone'
  } })
  const { violations, outcomes } = await live({
    seed: 11, events: [at(0, 'create'), at(600 * s, 'suspend'), at(800 * s, 'unsuspend'), at(1_000 * s, 'terminate')],
    also: [
      { atMs: 250 * s, run: (platform) => failNode(platform.dc.world, 'node1') },
      look('240'), look('590'), look('790'), look('990'),
      { atMs: 1_300 * s, run: (platform) => restoreNode(platform.dc.world, 'node1') },
    ],
  })
  expect(seen).toEqual({ 240: 'running on node1', 590: 'running on node2', 790: 'stopped on node2', 990: 'running on node2' })
  expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'terminated' } })
})
