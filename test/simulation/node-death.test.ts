// A node dies under a live site. HA starts the site on the other node; whatever billing wants then is done there, while the
// dead node is still dead.
import { describe, expect, it } from 'vitest'
import { linstorDefinitions } from '../../lab/linstor/state.ts'
import { containers, failNode, restoreNode } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import type { Verb } from '../../src/domain/order.ts'
import { live, type Event } from './history.ts'
import type { Platform } from './platform.ts'

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

describe('a node that dies while it makes a container', () => {
  /** How far the making had come: only the lock is written, the disk is there too, the config is whole but the lock still on it. */
  const moments: Record<string, (platform: Platform) => boolean> = {
    'before there is a disk': ({ dc }) => containers(dc.world).some(({ lock }) => lock === 'create'),
    'while the template is unpacked': ({ dc }) => linstorDefinitions(dc.world).some(({ props }) => props['Aux/pm/vmid'] !== undefined),
    'when nothing but the lock was left to take away': ({ dc }) => Object.values(pve(dc.world).containers).some(({ config }) => config['lock'] === 'create' && config['rootfs'] !== undefined),
  }

  it.each(Object.keys(moments))('%s comes back, and the order ends live without a person', async (moment) => {
    let died = 0
    const watch = (platform: Platform): void => {
      if (died > 0) return
      if (!moments[moment]!(platform)) return void platform.dc.clock.after(500, () => watch(platform))
      died = platform.dc.clock.now()
      failNode(platform.dc.world, 'node1')
      platform.dc.clock.after(240 * s, () => restoreNode(platform.dc.world, 'node1'))
    }
    const { violations, outcomes, journal } = await live({ seed: 5, events: [at(0, 'create')], also: [{ atMs: 100, run: watch }] })
    expect(died).toBeGreaterThan(0)
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'live' } })
    expect(journal.filter((line) => / (?:stuck|retried) /.test(line))).toEqual([])
    expect(journal.some((line) => line.includes('a create lock whose task is gone'))).toBe(true)
    // What was half made went first.
    expect(journal.filter((line) => / call container /.test(line)).length).toBeGreaterThanOrEqual(4)
  })

  it('and an order that is cancelled meanwhile leaves nothing behind', async () => {
    const { violations, outcomes } = await live({
      seed: 6, events: [at(0, 'create'), at(60 * s, 'terminate')],
      also: [
        { atMs: 20 * s, run: (platform) => failNode(platform.dc.world, 'node1') },
        { atMs: 200 * s, run: (platform) => restoreNode(platform.dc.world, 'node1') },
      ],
    })
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'terminated' } })
  })
})

describe('a node that is away while an order is built', () => {
  const lives = async (seed: number, also: NonNullable<Parameters<typeof live>[0]['also']>): Promise<string[]> => {
    const { violations, outcomes, journal } = await live({ seed, events: [at(0, 'create')], also })
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'live' } })
    expect(journal.filter((line) => / (?:stuck|turned|retried) /.test(line))).toEqual([])
    return journal
  }
  const away = (fromMs: number, untilMs: number, node: string) => [{ atMs: fromMs, run: (platform: Platform) => failNode(platform.dc.world, node) }, { atMs: untilMs, run: (platform: Platform) => restoreNode(platform.dc.world, node) }]

  it.each([['before its second replica', 100], ['before its first snapshot', 100 * s]])('is waited for when it is the other one, %s, and costs no attempt', async (_, atMs) => {
    const journal = await lives(3, away(atMs, atMs + 600 * s, 'node2'))
    expect(journal.some((line) => /Not enough available nodes|No active connection to satellite/.test(line))).toBe(true)
    // Not a failed task every second for as long as it takes.
    expect(journal.filter((line) => / call /.test(line)).length).toBeLessThan(45)
  })

  it('leaves a snapshot half made, which is removed and made again', async () => {
    const died: number[] = []
    const journal = await lives(4, [{ atMs: 100, run: function watch(platform: Platform): void {
      const { world, clock } = platform.dc
      if (!Object.values(pve(world).containers).some(({ snapshots }) => Object.values(snapshots).some(({ state }) => state === 'prepare'))) return void clock.after(500, () => watch(platform))
      died.push(clock.now())
      failNode(world, 'node1')
      clock.after(300 * s, () => restoreNode(world, 'node1'))
    } }])
    expect(died).toHaveLength(1)
    expect(journal.some((line) => line.includes('left in prepare'))).toBe(true)
  })
})
