// `berth import`: the sites of the system that was there before become tenants. Each is looked at first and everything that differs is
// said; then a person is asked; then a site is adopted wholly or not at all.
import * as z from 'zod'
import { Misused, printable, type Outcome } from './outcome.ts'
import type { Confirm } from './overrides.ts'
import { readSeed, type SeedSite } from './seed-sites.ts'
import { Unanswered, type Worker } from './worker.ts'

const Imported = z.object({ done: z.boolean(), existing: z.boolean(), possible: z.boolean(), findings: z.array(z.object({ step: z.string(), says: z.string(), blocks: z.boolean() })) })

interface Result { site: SeedSite; state: 'possible' | 'adopted' | 'already' | 'ended' | 'blocked'; findings: { step: string; says: string; blocks: boolean }[] }

/** Looks at all sites, says what would become of each, asks, and adopts those that nothing stands against. Well when nothing blocks any. */
export async function importSeed(worker: Worker, file: string, { connection, columns, actor, yes, dry, confirm }: { connection: string | undefined; columns: readonly string[]; actor: string; yes: boolean; dry: boolean; confirm: Confirm }): Promise<Outcome> {
  if (connection === undefined) throw new Misused('--connection is required: the billing connection to which the services belong.')
  const sites = readSeed(file, columns)
  const send = async (site: SeedSite, dryRun: boolean): Promise<Result> => {
    const { service, status, ...fields } = site
    if (/^(?:terminated|deleted|cancelled)$/i.test(status)) return { site, state: 'ended', findings: [] }
    const twice = sites.find((other) => other !== site && (other.service === service || other.vmid === site.vmid || other.private_ip === site.private_ip || other.subdomain === site.subdomain))
    if (twice) return { site, state: 'blocked', findings: [{ step: 'table', says: `service ${twice.service} has the same service_id, vmid, private_ip or subdomain: two sites cannot`, blocks: true }] }
    try {
      const { done, existing, possible, findings } = await worker.post('operator/import', { connection, service_id: service, actor, dry_run: dryRun, suspended: /^suspended$/i.test(status), ...fields }, Imported)
      return { site, state: existing ? 'already' : done ? 'adopted' : possible ? 'possible' : 'blocked', findings }
    } catch (error) {
      // One that is refused keeps nobody else from coming; a Worker that does not answer does.
      if (!(error instanceof Unanswered) || error.status === undefined || error.status === 401 || error.status >= 500) throw error
      return { site, state: 'blocked', findings: [{ step: 'order', says: error.message.replace(/^The Worker answers \d+: /, ''), blocks: true }] }
    }
  }
  // One after the other: the cluster has other things to do.
  const looked: Result[] = []
  for (const site of sites) looked.push(await send(site, true))
  const possible = looked.filter(({ state }) => state === 'possible')
  const go = !dry && possible.length > 0 && (yes || (confirm !== undefined && (await confirm(`${told(looked).join('\n')}\nAdopt ${possible.length} sites?`))))
  const results: Result[] = []
  for (const one of looked) results.push(go && one.state === 'possible' ? await send(one.site, false) : one)
  return {
    well: results.every(({ state }) => state !== 'blocked'),
    data: { sites: results.map(({ site, state, findings }) => ({ service: site.service, vmid: site.vmid, state, findings })) },
    lines: [...told(results), ...(possible.length > 0 && !go && !dry ? ['Nothing was changed: --yes adopts what is possible.'] : [])],
  }
}

const words: Record<Result['state'], string> = { possible: 'can be adopted', adopted: 'adopted', already: 'is a tenant already', ended: 'has ended there: left out', blocked: 'cannot be adopted' }

function told(results: readonly Result[]): string[] {
  const count = (state: Result['state']): number => results.filter((one) => one.state === state).length
  return [
    ...results.flatMap(({ site, state, findings }) => [`${printable(site.service)} (container ${site.vmid}, ${printable(site.subdomain)}): ${words[state]}`, ...findings.map(({ step, says, blocks }) => `  ${blocks ? '!' : '-'} ${step}: ${printable(says)}`)]),
    `${results.length} sites: ${Object.entries(words).flatMap(([state, text]) => (count(state as Result['state']) > 0 ? [`${count(state as Result['state'])} ${text}`] : [])).join(', ') || 'none'}`,
  ]
}
