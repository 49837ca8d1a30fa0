// What held a customer's work and is gone is for a person to find: an empty one in its place would look like a site.
import { expect, it } from 'vitest'
import { containers } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { live } from './history.ts'

it('is no container made in the place of one that somebody has destroyed', async () => {
  const vmids: number[] = []
  const { outcomes, journal } = await live({
    seed: 4, events: [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 300_000, service: 'one', verb: 'upgrade', plan: 'standard' }],
    also: [{ atMs: 250_000, run: ({ dc }) => {
      for (const { vmid } of containers(dc.world)) {
        vmids.push(vmid)
        delete pve(dc.world).containers[vmid]
      }
    } }],
  })
  expect(outcomes).toEqual({ one: 'stuck' })
  expect(vmids).toHaveLength(1)
  expect(journal.filter((line) => line.includes(' call container '))).toHaveLength(1)
  expect(journal.some((line) => line.includes(' stuck container ') && line.includes('a new one would be empty'))).toBe(true)
})
