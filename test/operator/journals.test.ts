// The journals of every release go through the engine of this one: it does what was done, reads what was kept, and wants nothing else.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../../operator/commands.ts'
import { replay } from '../../operator/replay.ts'
import { readSaved, type Saved } from '../../operator/saved.ts'
import { desire } from '../../src/engine/row.ts'
import { resourceOf } from '../../src/engine/plan.ts'
import { resources, wanted } from '../../src/resources/plans.ts'
import { revived } from '../../src/tenant/state.ts'
import { endOf, kept } from '../journals/save.ts'
import { randomHistory } from '../simulation/random-history.ts'

const folder = path.join(import.meta.dirname, '../journals')
const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
const savedIn = (file: string): Saved[] => readSaved(readFileSync(path.join(folder, file), 'utf8'))
const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }

it('has the journals of this release', () => {
  expect(files).toContain(`${version}.jsonl`)
})

it.each(files)('%s: the engine does again what it did', async (file) => {
  const all = savedIn(file)
  expect(all.length).toBeGreaterThan(10)
  for (const saved of all) expect([saved.tenant, (await replay(saved)).differences]).toEqual([saved.tenant, []])
})

it.each([4, 25, 52, 60])('so do the tenants of a storm with deaths, probes and clocks that differ (seed %i)', async (seed) => {
  const history = randomHistory(seed)
  const all = readSaved((await kept(history, endOf(history))).join('\n'))
  for (const saved of all) expect([saved.tenant, (await replay(saved)).differences]).toEqual([saved.tenant, []])
})

it.each(files)('%s: what was kept is read, and whoever rests is wanted just as he is', (file) => {
  let rests = 0
  for (const { tenant, state: stored, rows, cluster } of savedIn(file)) {
    const state = revived(stored)
    for (const row of rows) if (row.phase === 'settled' && row.out !== null) expect([tenant, row.name, resourceOf(resources, row.name)?.output.safeParse(row.out).success]).toEqual([tenant, row.name, true])
    if (state.outcome !== 'live' && state.outcome !== 'suspended') continue
    rests++
    const now = new Map(wanted(state, cluster).map(({ resource, want, wish }) => [resource, desire({ want, wish })]))
    for (const row of rows) expect([tenant, row.name, row.want === 'absent' && !now.has(row.name) ? 'absent' : now.get(row.name)]).toEqual([tenant, row.name, desire(row)])
  }
  expect(rests).toBeGreaterThan(5)
})

it('notices where the engine does something else', async () => {
  const [saved] = savedIn(files[0]!)
  const calls = saved!.lines.filter(({ event }) => event === 'call')
  for (const { i } of calls.slice(0, 4)) {
    // As if that call had not been made then.
    const { differences } = await replay({ ...saved!, lines: saved!.lines.filter((line) => line.i !== i) })
    expect(differences.length).toBeGreaterThan(0)
  }
})

it('says on the command line what comes next, and reads nothing that it cannot', async () => {
  const rim = { env: {}, login: () => 'somebody', now: () => 0, confirm: undefined }
  const [good, missing, other] = await Promise.all([run(['replay', path.join(folder, files[0]!)], rim), run(['replay', path.join(folder, 'none.jsonl')], rim), run(['replay', import.meta.filename], rim)])
  expect([good.code, good.out.split('\n').at(-1)]).toEqual([0, expect.stringMatching(/^\d+ tenants, all as recorded$/)])
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('There is no file')])
  expect([other.code, other.err]).toEqual([2, expect.stringMatching(/^Line 1: is no JSON/)])
})
