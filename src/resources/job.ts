// A playbook that changes the inside of a site, or takes its time, once. What it did shows nowhere but in the end of its run, which
// the gateway remembers by an id chosen before the first call: so a lost answer is asked for again, and the job is done again only
// when nobody knows of its run. It runs to its end whatever is wanted meanwhile: cut off in the middle of an update, a site may not answer.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { bounded, JobResult, passes, wordsOf, type Job } from '../domain/site-tools.ts'
import type { Context, Resource, Seen } from '../engine/resource.ts'
import { ending } from '../upstreams/gateway/client.ts'
import { nodeFor, type Reach } from './reach.ts'

export interface JobWish { vmid: number; node: string; n: number; job: Job }

export const JobOut = z.object({ result: JobResult.nullable() })
type Out = z.infer<typeof JobOut>

/** A run that did nothing is tried again after this: the node was away or the container had moved, or another run is under way in it. */
const [awayMs, busyMs] = [60_000, 300_000]

export const job: Resource<Reach, JobWish, Out> = {
  name: 'job',
  title: 'Job',
  needs: ['container', 'wordpress'],
  inside: 'container',
  system: 'proxmox',
  pools: (_want, wish) => [`jobs:${wish.node}`],
  callTimeoutMs: 20_000,
  // The node ends the longest after 50 minutes.
  busyMs: 7_200_000,
  pollMs: 2_000,
  triesMax: 3,
  output: JobOut,

  async observe({ up, want, proved, ...of }): Promise<Seen<Out>> {
    const handle = handleOf(of, of.attempt)
    const end = await up.gateway.waitTask(handle, 0)
    if (end.state === 'running') return { state: 'busy', why: 'it is being done', handle }
    if (want === 'absent') return { state: 'absent' }
    if (end.state === 'unknown') return proved ? { state: 'present', ok: true, out: { result: null } } : { state: 'absent' }
    if (!end.ok) return { state: 'present', ok: false, differs: `it ended with ${ending(end)}` }
    const result = JobResult.safeParse(end.result).data
    return { state: 'present', ok: true, out: { result: result === undefined ? null : bounded(result) } }
  },

  async make({ up, wish, ...of }, seen) {
    if (seen?.state === 'present') {
      const end = await up.gateway.waitTask(handleOf(of, of.attempt - 1), 0)
      if (end.fate === 'credentials') throw new UpstreamError('gateway', 'credentials', `${wish.job.playbook}: ${ending(end)}`, { landed: true })
      if (passes(end) || end.fate === 'not-sent') throw new UpstreamError('gateway', 'not-sent', wordsOf(end), { landed: true, status: 409, retryAfterMs: end.exit === '75' ? busyMs : awayMs })
      if (end.state === 'ended') throw new UpstreamError('gateway', 'refused', wordsOf(end), { landed: true })
    }
    const handle = handleOf(of, of.attempt)
    const { playbook, parameters } = wish.job
    await up.gateway.startPlaybook(playbook, { run: handle.slice('run:'.length), node: await nodeFor(up, wish, seen), vmid: wish.vmid, parameters })
    return { handle }
  },

  async unmake() {
    return undefined
  },
}

/** Of the run of one attempt. */
const handleOf = ({ tenant, epoch, instance }: Pick<Context<Reach, JobWish>, 'tenant' | 'epoch' | 'instance'>, attempt: number): string => `run:${tenant}-e${epoch}-job-${instance}-${attempt}`
