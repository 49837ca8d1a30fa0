// A customer's action, law by law: what is refused, in which words, and what else is wanted then. Pure.
import { describe, expect, it } from 'vitest'
import type { Action } from '../../src/domain/action.ts'
import { ended, freshSite, type Backup, type Errand, type Item, type Site } from '../../src/domain/site.ts'
import type { Question } from '../../src/domain/site-tools.ts'
import { act } from '../../src/tenant/act.ts'
import { unaskable } from '../../src/tenant/ask.ts'
import { newborn, type TenantState } from '../../src/tenant/state.ts'

const now = 1_000
const identity = { epoch: 1, vmid: 10_000, ip: '192.168.1.100', label: 'a', hostname: 'a.example', node: 'node1' }
const spec = { connection: 'test', service: '1', email: 'a@example.com', plan: 'basic', publicIp: '203.0.113.10' } as const
const born = newborn({ tenant: 't', spec, identity, seq: 1, at: 0, target: 'live' }, 0)

const state = (more: Partial<TenantState> = {}, site: Partial<Site> = {}): TenantState => ({ ...born, served: true, ...more, site: { ...freshSite(20), ...site } })
const ask = (of: TenantState | undefined, action: Action) => act(of, action, now, { timeZone: 'UTC' })
const refusal = (of: TenantState | undefined, action: Action): unknown => {
  const { acted, site } = ask(of, action)
  expect(site).toBeUndefined()
  return acted
}
const ordered = { want: 'present', failed: null, at: 0 } as const
const backup = (n: number, more: Partial<Backup> = {}): Backup => ({ kind: 'backup', name: `BAK22112026-${n}`, by: 'customer', made: true, ...ordered, ...more })
const restart: Item = { kind: 'restart', n: 1, ...ordered }
const restore: Item = { kind: 'restore', n: 2, snapshot: 'BAK22112026-1', ...ordered }

const update = { playbook: 'wp', parameters: { action: 'plugin-update' } } as const
const errand: Errand = { kind: 'job', n: 3, job: update, key: 'k', ...ordered }

const all: readonly Action[] = [
  { do: 'job', job: update },
  { do: 'start' }, { do: 'stop' }, { do: 'restart' }, { do: 'toggle' }, { do: 'reset', loseNewer: true }, { do: 'make-backup' },
  { do: 'delete-backup', name: 'BAK22112026-1' }, { do: 'rollback', name: 'BAK22112026-1', loseNewer: true },
]

describe('every action', () => {
  it.each(all)('is refused while there is no site to do it to: $do', (action) => {
    const building = { answer: 'refused', code: 'not-ready', message: 'The site is still being built. Please try again when it is ready.' }
    const unknown = { answer: 'refused', code: 'unknown', message: 'There is no such service.' }
    expect(refusal(undefined, action)).toEqual(building)
    expect(refusal({ ...state(), served: false }, action)).toEqual(building)
    expect(refusal(state({ target: 'terminated' }), action)).toEqual(unknown)
    expect(refusal(state({ undoing: true }), action)).toEqual(unknown)
  })

  it.each(all)('is refused while the service is suspended: $do', (action) => {
    expect(refusal(state({ target: 'suspended' }, { items: [backup(1)] }), action)).toEqual({ answer: 'refused', code: 'suspended', message: 'This service is suspended. Please settle the open invoice first.' })
  })
})

describe('the switch', () => {
  it('changes nothing when it stands so already', () => {
    expect(ask(state(), { do: 'start' })).toEqual({ acted: { answer: 'unchanged' } })
    expect(ask(state({}, { power: 'off' }), { do: 'stop' })).toEqual({ acted: { answer: 'unchanged' } })
  })

  it('goes off over a restart, which is then wanted no more', () => {
    expect(ask(state({}, { items: [restart] }), { do: 'stop' }).site).toMatchObject({ power: 'off', items: [{ kind: 'restart', want: 'absent' }] })
  })

  it('goes on, whatever is under way', () => {
    expect(ask(state({}, { power: 'off', items: [restore] }), { do: 'start' }).site).toMatchObject({ power: 'on', items: [restore] })
  })
})

describe('a restart', () => {
  it('is one, however often it is asked for', () => {
    const { site } = ask(state(), { do: 'restart' })
    expect(site).toMatchObject({ counter: 1, items: [{ kind: 'restart', n: 1, want: 'present' }] })
    expect(ask(state({}, site), { do: 'restart' })).toEqual({ acted: { answer: 'unchanged' } })
  })

  it('of a site that is switched off is its start', () => {
    expect(ask(state({}, { power: 'off' }), { do: 'restart' }).site).toMatchObject({ power: 'on', items: [] })
  })

  it('waits for nothing and disturbs nothing: it is refused while something is under way', () => {
    expect(refusal(state({}, { items: [restore] }), { do: 'restart' })).toMatchObject({ code: 'not-ready', message: 'Going back to BAK22112026-1 is still under way. Please try again in a few minutes.' })
  })
})

it('flips the publication and says the new state', () => {
  expect(ask(state(), { do: 'toggle' })).toMatchObject({ acted: { answer: 'done', enabled: false }, site: { published: false } })
  expect(ask(state({}, { published: false }), { do: 'toggle' })).toMatchObject({ acted: { answer: 'done', enabled: true }, site: { published: true } })
})

describe('going back', () => {
  const two = { items: [backup(1), backup(2), backup(3)] }

  it('is refused for a backup that there is not, or that is going', () => {
    for (const items of [[], [backup(1, { want: 'absent' })]])
      expect(refusal(state({}, { items }), { do: 'rollback', name: 'BAK22112026-1', loseNewer: true })).toMatchObject({ code: 'unknown', message: 'There is no backup BAK22112026-1.' })
  })

  it('is refused while something else is under way, and is one when it is asked for again', () => {
    expect(refusal(state({}, { items: [backup(1, { made: false })] }), { do: 'reset', loseNewer: true })).toMatchObject({ code: 'not-ready', message: 'Backup BAK22112026-1 is still under way. Please try again in a few minutes.' })
    expect(refusal(state({}, { items: [backup(1), restart] }), { do: 'rollback', name: 'BAK22112026-1', loseNewer: true })).toMatchObject({ code: 'not-ready', message: 'Restart is still under way. Please try again in a few minutes.' })
    expect(ask(state({}, { items: [backup(1), restore] }), { do: 'rollback', name: 'BAK22112026-1', loseNewer: false })).toEqual({ acted: { answer: 'unchanged' } })
    expect(refusal(state({}, { items: [backup(1), restore] }), { do: 'reset', loseNewer: true })).toMatchObject({ code: 'not-ready' })
  })

  it('names every newer backup that it would cost, and takes none of them unless that was said', () => {
    expect(refusal(state({}, two), { do: 'rollback', name: 'BAK22112026-1', loseNewer: false })).toEqual({
      answer: 'refused', code: 'costs', costs: ['BAK22112026-2', 'BAK22112026-3'],
      message: 'Going back to BAK22112026-1 would cost the newer backups BAK22112026-2, BAK22112026-3. Delete them first, or repeat the call with "lose_newer": true.',
    })
    expect(refusal(state({}, { items: [backup(1)] }), { do: 'reset', loseNewer: false })).toMatchObject({
      code: 'costs', costs: ['BAK22112026-1'], message: 'Going back to the beginning would cost the newer backup BAK22112026-1. Delete it first, or repeat the call with "lose_newer": true.',
    })
  })

  it('takes the newer ones and no other when that was said', () => {
    const { site } = ask(state({}, two), { do: 'rollback', name: 'BAK22112026-2', loseNewer: true })
    expect(site?.items.map((item) => [item.kind, item.want])).toEqual([['backup', 'present'], ['backup', 'present'], ['backup', 'absent'], ['restore', 'present']])
    expect(ask(state({}, two), { do: 'rollback', name: 'BAK22112026-3', loseNewer: false }).site?.items.filter(({ want }) => want === 'absent')).toEqual([])
  })

  it('gives every action a number of its own', () => {
    expect(ask(state({}, { counter: 7 }), { do: 'reset', loseNewer: false }).site).toMatchObject({ counter: 8, items: [{ kind: 'restore', n: 8, snapshot: 'initial' }] })
  })
})

describe('a backup', () => {
  it('is refused while another is being made', () => {
    expect(refusal(state({}, { items: [backup(1, { made: false })] }), { do: 'make-backup' })).toMatchObject({ code: 'not-ready' })
  })

  it('is deleted once, not while a site goes back to it, and is unknown afterwards', () => {
    const gone: Action = { do: 'delete-backup', name: 'BAK22112026-1' }
    expect(ask(state({}, { items: [backup(1)] }), gone).site?.items).toMatchObject([{ name: 'BAK22112026-1', want: 'absent' }])
    expect(ask(state({}, { items: [backup(1, { want: 'absent' })] }), gone)).toEqual({ acted: { answer: 'unchanged' } })
    expect(refusal(state({}, { items: [backup(1), restore] }), gone)).toMatchObject({ code: 'not-ready' })
    expect(refusal(state(), gone)).toMatchObject({ code: 'unknown', message: 'There is no backup BAK22112026-1.' })
  })
})

describe('a job', () => {
  const job: Action = { do: 'job', job: update, key: 'k' }

  it('has a number of its own, and is the same one for the same key, ended or not, but for no other', () => {
    const { acted, site } = ask(state({}, { counter: 2 }), job)
    expect([acted, site]).toMatchObject([{ answer: 'done', job: 3 }, { counter: 3, items: [{ ...errand, at: now }] }])
    expect(ask(state({}, { items: [errand] }), job)).toEqual({ acted: { answer: 'unchanged', job: 3 } })
    expect(ask(state({}, ended(freshSite(20), errand, null, now)), job)).toEqual({ acted: { answer: 'unchanged', job: 3 } })
    expect(ask(state({}, ended(freshSite(20), errand, null, now)), { ...job, key: 'other' })).toMatchObject({ acted: { answer: 'done' } })
  })

  it('is refused while anything else is under way or the site is switched off, and refuses what would cut it off or see it half done', () => {
    for (const item of [restart, restore, backup(1, { made: false }), { ...errand, key: 'other' }]) expect(refusal(state({}, { items: [item] }), job)).toMatchObject({ code: 'not-ready' })
    expect(refusal(state({}, { power: 'off' }), job)).toMatchObject({ code: 'not-ready', message: 'The site is switched off. Please start it first.' })
    for (const action of [{ do: 'stop' }, { do: 'restart' }, { do: 'make-backup' }, { do: 'nightly' }, { do: 'reset', loseNewer: true }] as const)
      expect(refusal(state({}, { items: [{ ...errand, want: 'absent' }] }), action)).toMatchObject({ code: 'not-ready', message: 'Update of the plugins is still under way. Please try again in a few minutes.' })
  })

  it('is remembered with nine others', () => {
    const site = Array.from({ length: 12 }, (_, i) => i).reduce<Site>((all, n) => ended(all, { ...errand, n }, null, now), freshSite(20))
    expect(site.finished?.map(({ n }) => n)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })
})

describe('a question', () => {
  const link: Question = { playbook: 'login-link', parameters: {} }
  const disk: Question = { playbook: 'disk-use', parameters: {} }
  const why = (of: TenantState | undefined, question: Question = link, running = true, asking = false): unknown => unaskable(of, question, running, asking)

  it('is asked of a site that stands and runs, one at a time', () => {
    expect(why(state())).toBeUndefined()
    expect(why(state({}, { items: [backup(1, { made: false })] }))).toBeUndefined()
    for (const refused of [why(undefined), why(state({ served: false })), why(state({ hold: { by: 'a', why: 'b', at: 0 } })), why(state({}, { power: 'off' })), why(state(), link, false), why(state(), link, true, true)]) expect(refused).toMatchObject({ answer: 'refused', code: 'not-ready' })
    expect(why(state({ target: 'suspended' }))).toMatchObject({ code: 'suspended' })
    expect([why(state({ target: 'terminated' })), why(state({ undoing: true }))]).toMatchObject([{ code: 'unknown' }, { code: 'unknown' }])
  })

  it('waits for what is done inside the site, but for one that only looks at the disk', () => {
    expect([why(state({}, { items: [errand] })), why(state({}, { items: [errand] }), disk)]).toMatchObject([{ code: 'not-ready', message: 'Update of the plugins is still under way. Please try again in a few minutes.' }, undefined])
    expect(why(state({}, { items: [restore] }), disk)).toMatchObject({ code: 'not-ready' })
  })
})
