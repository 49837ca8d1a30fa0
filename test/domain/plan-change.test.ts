// What another plan would mean, law by law: pure, so every refusal and its words.
import { expect, it } from 'vitest'
import { planChange, type PlanFacts } from '../../src/domain/plan-change.ts'
import { freshSite, type Backup, type Item } from '../../src/domain/site.ts'

const backup = (n: number, more: Partial<Backup> = {}): Backup => ({ kind: 'backup', name: `BAK01012026-${n}`, by: 'customer', made: true, want: 'present', failed: null, at: n, ...more })
const facts = (more: Partial<PlanFacts> = {}, items: Item[] = []): PlanFacts => ({ movable: true, plan: 'premium', served: true, site: { ...freshSite(80), items }, diskGb: 80, domains: [], usedGb: 3, freeGb: undefined, ...more })
const why = (...args: Parameters<typeof planChange>): unknown => planChange(...args).hindrance

it('tells sizes before and after; memory and a larger disk come while the site runs', () => {
  expect(planChange(facts({ plan: 'basic', diskGb: 20 }), 'premium')).toMatchObject({
    from: 'basic', to: 'premium', online: true, minutes: 1, hindrance: null,
    before: { memoryMb: 2048, swapMb: 512, diskGb: 20, cores: 2, backups: 2, domains: 3 }, after: { memoryMb: 8192, swapMb: 512, diskGb: 80, cores: 2, backups: 5, domains: 10 },
  })
})

it('is nothing when it is the plan already', () => {
  expect(planChange(facts(), 'premium')).toMatchObject({ online: true, minutes: 0, hindrance: null })
})

it('lets a site grow while it is built and whatever is under way, as far as the storage reaches', () => {
  const restart: Item = { kind: 'restart', n: 1, want: 'present', failed: null, at: 0 }
  expect(why(facts({ plan: 'basic', diskGb: 20, served: false, freeGb: 60 }, [restart]), 'premium')).toBeNull()
  expect(why(facts({ plan: 'basic', diskGb: 20, freeGb: 59 }), 'premium')).toEqual({ code: 'exhausted', message: 'There is not enough storage for a larger disk at the moment. Nothing has been changed; please contact support.' })
})

it('refuses a smaller plan while the site is built or something is under way', () => {
  expect(why(facts({ served: false }), 'basic')).toEqual({ code: 'not-ready', message: 'The site is still being built. Please try again when it is ready.' })
  expect(why(facts({}, [backup(1, { made: false })]), 'basic')).toEqual({ code: 'not-ready', message: 'Backup BAK01012026-1 is still under way. Please try again in a few minutes.' })
})

it('names what has to go before a smaller plan allows what is kept', () => {
  expect(why(facts({}, [backup(1), backup(2, { want: 'absent' }), backup(3), backup(4)]), 'basic')).toEqual({
    code: 'quota', message: 'The plan basic allows 2 backups, this site has 3. Please delete 1 of them first: BAK01012026-1, BAK01012026-3, BAK01012026-4.',
  })
  expect(why(facts({ domains: ['a.example', 'b.example', 'c.example', 'd.example'] }), 'basic')).toMatchObject({ code: 'quota', message: expect.stringContaining('allows 3 own domains, this site has 4. Please delete 1 of them first: a.example') })
})

it('says how many gigabytes have to go before a smaller disk', () => {
  expect(why(facts({ usedGb: 17.2 }), 'basic')).toEqual({ code: 'disk-use', message: "The disk of the plan basic has 20 GB, this site's has 80 GB, of which 18 GB are in use. Please free at least 1 GB first." })
  expect(why(facts({ usedGb: 60 }), 'standard')).toMatchObject({ code: 'disk-use', message: expect.stringContaining('free at least 26 GB') })
  expect(why(facts({ usedGb: 16.9 }), 'basic')).toBeNull()
  expect(planChange(facts({ usedGb: 16.9 }), 'basic')).toMatchObject({ online: false, minutes: 10 })
  expect(why(facts({ usedGb: 3, movable: false }), 'basic')).toMatchObject({ code: 'disk-use', message: expect.stringContaining('can be made larger, but not smaller') })
  expect(why(facts({ usedGb: 3 }, [backup(1), backup(2, { by: 'schedule' })]), 'standard')).toEqual({ code: 'quota', message: 'Backups cannot be taken along to a smaller disk. Please delete them first: BAK01012026-1, BAK01012026-2.' })
  expect(why(facts({ usedGb: undefined }), 'basic')).toMatchObject({ code: 'not-ready', message: expect.stringContaining('only while the site runs') })
})
