// Parts of the data centre that are wrong in ways of their own, from before an order until a person has mended them. Each ends where the
// operator can read why, and goes on from there; nothing is orphaned and nobody is torn down.
import { describe, expect, it } from 'vitest'
import { linstorState } from '../../lab/linstor/state.ts'
import { containers, failNode, onPower, restoreNode } from '../../lab/proxmox/app.ts'
import { powerOff } from '../../lab/proxmox/power.ts'
import { pve, templates } from '../../lab/proxmox/state.ts'
import { template } from '../../lab/topology.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { settings, type DataCentre } from './data-centre.ts'
import { live, type Event } from './history.ts'
import type { Platform } from './platform.ts'

const s = 1_000
const minute = 60 * s
const at = (atMs: number, verb: 'create' | 'suspend'): Event => ({ atMs, service: 'one', verb })

interface Part { spoil: (dc: DataCentre) => void; mend: (dc: DataCentre) => void; /** What the steps say meanwhile. */ says: RegExp }

/** A system of the cluster answers so. */
const answering = (answer: (request: Request) => Response | undefined, service: 'pve' | 'linstor' = 'pve'): Pick<Part, 'spoil' | 'mend'> => ({
  spoil: ({ spoilt }) => void (spoilt[service] = answer),
  mend: ({ spoilt }) => void delete spoilt[service],
})

const otherCertificate = (): never => {
  throw Object.assign(new Error('the certificate is not the one that is pinned'), { code: 'CERT_NOT_PINNED' })
}

/** A container that ends as soon as it has started. */
function dyingAtOnce(): Pick<Part, 'spoil' | 'mend'> {
  let broken = true
  return {
    spoil: ({ world }) => onPower(world, ({ event, vmid }) => {
      if (broken && event === 'started') powerOff(world, pve(world).containers[vmid]!)
    }),
    mend: () => void (broken = false),
  }
}

/** What an order says and where it stands half a minute before the part is mended. */
async function ordered({ spoil, mend }: Part, events: Event[], mendedMs = 4 * minute) {
  const early: { outcome?: string | null; whys: string[]; containers?: number } = { whys: [] }
  const result = await live({
    seed: 21, events,
    also: [
      { atMs: 0, run: ({ dc }: Platform) => spoil(dc) },
      { atMs: mendedMs - 30 * s, run: (platform: Platform) => {
        const host = platform.tenant('one')!
        early.outcome = platform.state(host)?.outcome ?? null
        early.containers = containers(platform.dc.world).length
        // As the doctor asks: a breaker only says that nobody answers.
        const call = { operation: 'doctor', attempt: 0, deadline: platform.dc.clock.now() + 20 * s }
        void upstreams(settings, platform.dc.rim)(call).proxmox.version().catch((error: unknown) => void early.whys.push(String(error)))
        // As `npx berth tenant` shows them: the steps with their reasons, and the journal.
        early.whys = [...host.actor.store.rows().map(({ why }) => why ?? ''), ...host.actor.store.linesAfter(0, 10_000).map(({ step, event, detail }) => `${step} ${event} ${JSON.stringify(detail)}`)]
      } },
      { atMs: mendedMs, run: ({ dc }: Platform) => mend(dc) },
    ],
  })
  return { ...result, early, retried: result.journal.some((line) => line.includes(' retried ')) }
}

describe('an order', () => {
  const waits: Record<string, Part> = {
    'a certificate that is not the pinned one': { ...answering(otherCertificate), says: /certificate of proxmox is not believed/ },
    'a node that is away': { spoil: ({ world }) => failNode(world, 'node1'), mend: ({ world }) => restoreNode(world, 'node1'), says: /595|does not answer/ },
    'answers that are too large': { ...answering(({ method }) => (method === 'GET' ? new Response('{"data":[]}', { headers: { 'content-length': '17000000' } }) : undefined)), says: /larger than 16 MiB/ },
    'a gateway whose clock lets every deadline pass': { spoil: (dc) => void (dc.gatewayAheadMs = 30 * s), mend: (dc) => void (dc.gatewayAheadMs = 0), says: /deadline/ },
  }
  it.each(Object.entries(waits))('waits for %s to be mended, says so, and goes on by itself', async (_, part) => {
    const { violations, outcomes, early, retried } = await ordered(part, [at(100, 'create')])
    expect(early.outcome).toBe(null)
    expect(early.whys.join('\n')).toMatch(part.says)
    expect({ violations, outcomes, retried }).toEqual({ violations: [], outcomes: { one: 'live' }, retried: false })
  })

  const stops: Record<string, Part> = {
    'a token that has expired': { ...answering(() => new Response('', { status: 401 })), says: /proxmox: .*401/ },
    'a gateway whose clock is minutes behind': { spoil: (dc) => void (dc.gatewayAheadMs = -5 * minute), mend: (dc) => void (dc.gatewayAheadMs = 0), says: /from the future/ },
  }
  it.each(Object.entries(stops))('stops at %s, says so, and goes on when a person asks', async (_, part) => {
    const { violations, outcomes, early, retried } = await ordered(part, [at(100, 'create')])
    expect(early.outcome).toBe('stuck')
    expect(early.whys.join('\n')).toMatch(part.says)
    expect({ violations, outcomes, retried }).toEqual({ violations: [], outcomes: { one: 'live' }, retried: true })
  })

  const undone: Record<string, Part> = {
    'a disk that is full': { spoil: ({ world }) => void (linstorState(world).capacityKib = 1_048_576), mend: ({ world }) => void (linstorState(world).capacityKib = 1_689_453_125), says: /Not enough free space/ },
    'a template that is missing': { spoil: ({ world }) => void templates(world).splice(0), mend: ({ world }) => void templates(world).push(template), says: /vztmpl.* does not exist/ },
    'a container that never boots': { ...dyingAtOnce(), says: /8 attempts failed/ },
  }
  it.each(Object.entries(undone))('is taken back whole for %s, says so, and may be placed again', async (_, part) => {
    const { violations, outcomes, early } = await ordered(part, [at(100, 'create'), at(15 * minute, 'create')], 12 * minute)
    expect([early.outcome, early.containers]).toEqual(['undone', 0])
    expect(early.whys.join('\n')).toMatch(part.says)
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'live' } })
  })
})

describe('a site that is live', () => {
  it('is not touched by an expired token when it is to be suspended, and is suspended afterwards', async () => {
    const part = answering(() => new Response('', { status: 401 }))
    let still = ''
    const { violations, outcomes } = await live({
      seed: 22, events: [at(0, 'create'), at(10 * minute, 'suspend')],
      also: [
        { atMs: 9 * minute, run: ({ dc }: Platform) => part.spoil(dc) },
        { atMs: 13 * minute, run: ({ dc }: Platform) => void (still = containers(dc.world).map(({ status }) => status).join()) },
        { atMs: 14 * minute, run: ({ dc }: Platform) => part.mend(dc) },
      ],
    })
    expect(still).toBe('running')
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'suspended' } })
  })
})
