// `berth doctor`: everything that can be asked from outside, and for each thing that is wrong the command that cures it.
// It changes nothing, and a question that fails is a finding, not the end of the examination.
import * as z from 'zod'
import { credentialCures, restCure, systemFindings, Systems } from './cures.ts'
import { gate } from './look.ts'
import { printable, type Outcome } from './outcome.ts'
import { Unanswered, type Row, type Worker } from './worker.ts'

export interface Finding { what: string; grave: boolean; says: string; cure: string }

/** From which figures on something is worth a word. */
const limits = { skewMs: 10_000, slowMs: 15 * 60_000, copyMs: 25 * 60_000, addressesPercent: 10, certificateDays: 14 }

const Health = z.object({ status: z.literal('ok'), timestamp: z.iso.datetime() })

interface Ward { worker: Worker; now: () => number; silentDays: number }

type Examination = (ward: Ward) => Promise<Finding[]>

/** Name -> examination. They run side by side; `worker` comes before all of them. */
const examinations: Record<string, Examination> = {
  'systems': async ({ worker }) => systemFindings(await worker.get('operator/systems', {}, Systems)),
  'breakers': async ({ worker }) => (await gate(worker)).stopped.map(({ system, why }) => ({
    what: 'breakers', grave: true, says: `${system}: ${why}`,
    cure: why.includes('refuses our credentials') ? credentialCures[system] ?? restCure : `see docs/runbook.md, "An upstream is down"; it goes on by itself when ${system} is back`,
  })),
  'stuck': async ({ worker }) => (await worker.rows('stuck_steps')).map((row) => ({
    what: 'stuck', grave: true, says: `${name(row)}: ${String(row['step'])}: ${String(row['why'] ?? 'no reason was written')}`,
    cure: `mend it (docs/runbook.md), then: npx berth retry ${name(row)}`,
  })),
  'held': async ({ worker }) => (await worker.rows('held_sites')).map((row) => ({
    what: 'held', grave: false, says: `${name(row)}: held by ${String(row['held_by'])} since ${String(row['held_utc'])}: ${String(row['held_why'])}`, cure: `npx berth release ${name(row)}`,
  })),
  'under way': async ({ worker, now }) => (await worker.rows('under_way')).filter((row) => now() - Number(row['since_at']) > limits.slowMs).map((row) => ({
    what: 'under way', grave: false, says: `${name(row)}: ${String(row['step'])} since ${String(row['since_utc'])}: ${String(row['why'] ?? 'in the middle of a call')}`,
    cure: `npx berth tenant ${name(row)}`,
  })),
  'addresses': async ({ worker, now }) => {
    const rows = await worker.rows('addresses_left')
    if (rows.length === 0) return [{ what: 'cron', grave: true, says: 'the allocator has never been counted: the cron does not run', cure: 'npx wrangler triggers deploy --env production' }]
    return rows.flatMap((row) => [
      ...(Number(row['free_percent']) < limits.addressesPercent ?
        [{ what: 'addresses', grave: Number(row['free']) === 0, says: `${String(row['free'])} private addresses are free`, cure: 'widen lan.first and lan.last of CLUSTER in wrangler.toml, then: npx wrangler deploy --env production' }] : []),
      // Written at least every ten minutes.
      ...(now() - Number(row['as_of']) > limits.copyMs ?
        [{ what: 'cron', grave: true, says: `the cron has not counted the addresses since ${String(row['as_of_utc'])}`, cure: 'npx wrangler tail --env production, and: npx wrangler triggers deploy --env production' }] : []),
    ])
  },
  'certificates': async ({ worker }) => (await worker.rows('certificates_by_expiry')).filter((row) => Number(row['days_left']) < limits.certificateDays).map((row) => ({
    what: 'certificates', grave: Number(row['days_left']) < 3, says: `the certificate of ${String(row['domain'])} (${name(row)}) ends in ${String(row['days_left'])} days`,
    cure: `npx berth tenant ${name(row)}`,
  })),
  'backups': async ({ worker }) => (await worker.rows('backups_by_site')).filter((row) => Number(row['failed']) > 0).map((row) => ({
    what: 'backups', grave: false, says: `${name(row)}: ${String(row['failed'])} backups failed, the newest good one is of ${String(row['newest_utc'] ?? 'never')}`,
    cure: 'the task\'s log in Proxmox (docs/runbook.md); the next night tries again by itself',
  })),
  'billing': async ({ worker, now, silentDays }) => {
    const newest = new Map<string, number>()
    for (const row of await worker.rows('sites')) newest.set(String(row['connection']), Math.max(newest.get(String(row['connection'])) ?? 0, Number(row['changed_at'])))
    return [...newest].filter(([, at]) => now() - at > silentDays * 86_400_000).map(([connection, at]) => ({
      what: 'billing', grave: false, says: `no order, suspension or termination of ${connection} for ${Math.floor((now() - at) / 86_400_000)} days`,
      cure: `in the billing system: are its scheduled tasks running (Paymenter: php artisan schedule:list), and does its key still open GET /status? When it is only quiet: --silent-days <more>`,
    }))
  },
}

/** Examines everything; well when nothing grave was found. */
export async function doctor(worker: Worker, now: () => number, silentDays: number): Promise<Outcome> {
  const findings = await examine({ worker, now, silentDays })
  return {
    well: !findings.some(({ grave }) => grave),
    data: { healthy: findings.length === 0, findings },
    lines: findings.length === 0 ? ['Nothing is wrong that can be seen from here.'] : findings.flatMap(({ what, grave, says, cure }) => [`${grave ? 'wrong' : 'watch'}  ${what}: ${printable(says)}`, `       ${printable(cure)}`]),
  }
}

async function examine(ward: Ward): Promise<Finding[]> {
  const first = await lookAtWorker(ward)
  // When the Worker itself does not answer, all the others would only say it again.
  if (first.some(({ what }) => what === 'worker')) return first
  const found = await Promise.all(Object.entries(examinations).map(async ([what, examination]) => examination(ward).catch((error: unknown) => [unasked(what, error)])))
  const all = unrepeated([...first, ...found.flat()])
  // A wrong key is one finding, however many questions it spoils.
  const key = all.find(({ what }) => what === 'key')
  return key ? [...first, key] : all
}

/** What a system says now goes before what its breaker remembers. */
function unrepeated(findings: readonly Finding[]): Finding[] {
  const asked = findings.filter(({ what }) => what === 'systems').map(({ says }) => /^\w+/.exec(says)?.[0])
  return findings.filter(({ what, says }) => what !== 'breakers' || !asked.includes(/^\w+/.exec(says)?.[0]))
}

async function lookAtWorker({ worker, now }: Ward): Promise<Finding[]> {
  const asked = now()
  try {
    const { timestamp } = await worker.get('health', {}, Health)
    // Cloudflare's clock is right: it is this machine whose clock is looked at, and with it often that of the whole site.
    const skewMs = Date.parse(timestamp) - (asked + now()) / 2
    return Math.abs(skewMs) > limits.skewMs + (now() - asked) / 2 ?
      [{ what: 'clock', grave: true, says: `this machine's clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'before'} the Worker's; the gateway refuses requests when its own is so wrong`, cure: 'timedatectl set-ntp true' }] : []
  } catch (error) {
    return [{ what: 'worker', grave: true, says: error instanceof Error ? error.message : String(error), cure: 'npx wrangler tail --env production names a wrong configuration; is --url right?' }]
  }
}

const unasked = (what: string, error: unknown): Finding => (error instanceof Unanswered && error.status === 401 ?
  { what: 'key', grave: true, says: error.message, cure: 'set BERTH_OPERATOR_KEY to the operator key; a new one: npx wrangler secret put OPERATOR_KEY_SHA256 --env production' } :
  { what, grave: true, says: `could not be looked at: ${error instanceof Error ? error.message : String(error)}`, cure: 'npx wrangler tail --env production' })

const name = (row: Row): string => `${String(row['connection'])}/${String(row['service'])}`
