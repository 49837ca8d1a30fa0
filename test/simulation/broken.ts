// Engines that are wrong on purpose, each with one classic mistake. The checks must catch every one of them, or they prove
// nothing about the right one. The mistakes are made from outside: production code has no switch for them.
import type { ContainerWish } from '../../src/resources/container.ts'
import type { Reach } from '../../src/resources/reach.ts'
import { resources } from '../../src/resources/plans.ts'
import type { Resource } from '../../src/engine/resource.ts'
import type { Row } from '../../src/engine/row.ts'
import type { Actor, Lent } from '../../src/tenant/actor.ts'
import type { Sabotage } from './misfortune.ts'

/** Rewrites rows on their way to the disk. */
const rewriting = (change: (row: Row, before: Row | undefined) => Row): NonNullable<Sabotage['build']> => (actor: Actor<Reach>) => {
  const put = actor.store.put.bind(actor.store)
  actor.store.put = (row) => put(change(row, actor.store.row(row.name)))
}

const replacing = (name: string, change: (resource: Resource<Reach>) => Partial<Resource<Reach>>): NonNullable<Sabotage['lend']> => (lent: Lent<Reach>) => {
  const right = resources.get(name)!
  return { ...lent, resources: new Map([...lent.resources, [name, { ...right, ...change(right) }]]) }
}

/** What a naive client does: takes the next number at each try and remembers it only when the answer arrived. */
function serverChosenVmid(): Sabotage {
  let next = 50_000
  const remembered = new Map<string, number>()
  return {
    lend: replacing('container', (right) => {
      const chosen = (context: Parameters<typeof right.make>[0]) => ({ ...context, wish: { ...(context.wish as ContainerWish), vmid: remembered.get(context.tenant) ?? (context.wish as ContainerWish).vmid } })
      return {
        observe: (context) => right.observe(chosen(context)),
        unmake: (context, seen) => right.unmake(chosen(context), seen),
        make: async (context, seen) => {
          const vmid = next++
          const started = await right.make({ ...context, wish: { ...(context.wish as ContainerWish), vmid } }, seen)
          remembered.set(context.tenant, vmid)
          return started
        },
      }
    }),
  }
}

/** The seed or the case that caught them last: a short cut only. Where it does not any more, another one is searched for, and said. */
export const caughtBy: Readonly<Record<string, number | string>> = {
  'believes "absent" at once': 2,
  'undoes only what is settled': 17,
  'lets the server choose the VMID': 'third thoughts / inside call 1 / late',
  'tries again without looking': 'third thoughts / inside call 10 / late',
  'takes a time-out for a failure on the way down': 17,
  'believes a 200 without looking': 4,
  'has no safety alarm': 6,
  'lets an older wish win': 1,
  'settles while a call for another wish may still land': 'third thoughts / inside call 41 / late',
  'goes on while a person holds it': 3,
  'forgets the lease of what it gives up, and claims it when asked': 3,
}

export const broken: Record<string, () => Sabotage> = {
  'believes "absent" at once': () => ({ build: rewriting((row) => (row.doubtSince > 0 && row.phase !== 'calling' ? { ...row, doubtSince: 0 } : row)) }),
  'undoes only what is settled': () => ({
    build: rewriting((row, before) => (before && before.want === 'present' && row.want === 'absent' && before.phase !== 'settled' && before.phase !== 'calling' ? { ...row, attempt: 0, phase: 'idle', handle: null } : row)),
  }),
  'lets the server choose the VMID': serverChosenVmid,
  'tries again without looking': () => ({
    build: rewriting((row) => (row.phase === 'unknown' && row.doubtSince > 0 && row.want === 'present' ? { ...row, attempt: 0, phase: 'idle', doubtSince: 0 } : row)),
  }),
  'takes a time-out for a failure on the way down': () => ({
    build: rewriting((row) => (row.phase === 'unknown' && row.want === 'absent' && row.doubtSince > 0 ? { ...row, phase: 'settled' } : row)),
  }),
  'believes a 200 without looking': () => ({
    build: rewriting((row, before) => (before?.phase === 'calling' && row.phase === 'unknown' && row.doubtSince === 0 && row.want === 'present' && row.name === 'proxy-host' ? { ...row, phase: 'settled' } : row)),
  }),
  'has no safety alarm': () => ({
    watchdog: false,
    lend: (lent) => {
      let inAlarm = false
      return { ...lent, setAlarm: (when) => void (!inAlarm && when > lent.now() + 9_000 && when < lent.now() + 11_000 ? (inAlarm = true) : ((inAlarm = false), lent.setAlarm(when))) }
    },
  }),
  'lets an older wish win': () => ({
    build: (actor) => {
      const accept = actor.accept.bind(actor)
      actor.accept = (command) => accept({ ...command, seq: (actor.store.state()?.seq ?? 0) + 1, id: `${command.id}.${actor.store.state()?.seq ?? 0}` })
    },
  }),
  'settles while a call for another wish may still land': () => ({
    build: rewriting((row) => (row.doubtSince > 0 && row.phase === 'unknown' ? { ...row, doubtFor: row.want === 'absent' ? 'absent' : `present ${JSON.stringify(row.wish)}` } : row)),
  }),
  'goes on while a person holds it': () => ({
    build: (actor) => {
      const state = actor.store.state.bind(actor.store)
      actor.store.state = () => {
        const now = state()
        return now && { ...now, hold: null }
      }
    },
  }),
  'forgets the lease of what it gives up, and claims it when asked': () => ({
    build: (actor) => {
      actor.holds = () => true
    },
    lend: (lent) => ({ ...lent, gate: (tenant, turn) => ({ ...lent.gate(tenant, turn), report: async (told) => lent.gate(tenant, turn).report({ ...told, release: told.release && told.verdict === 'ok' }) }) }),
  }),
}
