// A share of every call × every fault × every power cut; a failure prints the command that replays it.
import { describe, expect, it } from 'vitest'
import { casesOf, nameOf, runCase, share } from './matrix.ts'
import { schedules } from './schedules.ts'

// The whole matrix takes many minutes (`npm run simulate -- --matrix`); here every schedule meets an even share of it.
const oneIn: Record<string, number> = {
  provision: 31, life: 151, held: 1_501, 'given up': 3_001, 'given up while being built': 1_501, tools: 1_201, 'terminated during a job': 1_501, 'off-site': 801, 'out of an off-site copy': 801, 'terminated during an off-site copy': 801, 'terminated while a copy is unpacked': 801, 'rollback during upgrade': 801,
  'a smaller plan': 801, 'a smaller plan, then another': 801, 'terminated while it moves': 801,
  'built ahead': 1201, 'built ahead, taken back at once': 1201, 'two orders for the last one built ahead': 1201, 'the pool is drained': 1201,
  domain: 601, 'domain taken away during its certificate': 601, 'terminated during a certificate': 401, 'one domain, two customers': 601,
  'life with its record in the panel': 601, 'the zone moves to the panel and back': 601, 'the zone moves while a site is built': 901,
}

describe.each(Object.keys(schedules))('%s', (schedule) => {
  it('ends as billing wants it and leaves nothing behind, whichever call fails in whichever way', async () => {
    const all = await casesOf(schedule)
    const wrong: string[] = []
    for (const one of share(all, schedule.length, oneIn[schedule] ?? 901)) {
      const { violations } = await runCase(one)
      if (violations.length > 0) wrong.push(`npm run simulate -- --case '${nameOf(one)}'\n  ${violations.join('\n  ')}`)
    }
    expect(wrong).toEqual([])
  })
})
