// The doctor: finds what is wrong, says how it is cured, and outlives a question that is not answered.
import { expect, it } from 'vitest'
import { doctor, type Finding } from '../../operator/doctor.ts'
import { Worker } from '../../operator/worker.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const minutes = 60_000
const site = { connection: 'test', service: '1' }

const healthy: Record<string, object | number> = {
  '/health': { status: 'ok', timestamp: new Date(now).toISOString() },
  '/operator/gate': { leases: {}, stopped: [] },
  '/operator/systems': { systems: [{ system: 'npm', why: null }], cluster: [] },
  stuck_steps: [], under_way: [], held_sites: [], certificates_by_expiry: [], backups_by_site: [],
  addresses_left: [{ cluster: 'lab', free: 100, held: 4, free_percent: 96, as_of: now - 9 * minutes, as_of_utc: '2026-11-23 11:51:00' }],
  sites: [{ ...site, changed_at: now - 6 * 1440 * minutes }],
}

/** A Worker that answers so; a number is a status. */
const examined = async (changes: Record<string, object | number>): Promise<{ well: boolean; findings: Finding[]; lines: readonly string[] }> => {
  const answers = { ...healthy, ...changes }
  const worker = new Worker('https://berth.example.com', 'the-key', (request) => {
    const { pathname } = new URL(request.url)
    const answer = answers[pathname.replace('/reports/', '')] ?? 404
    return Promise.resolve(typeof answer === 'number' ? Response.json({ error: `It is ${answer}.` }, { status: answer }) : Response.json(Array.isArray(answer) ? { as_of: now, rows: answer, next: null } : answer))
  })
  const { well, data, lines } = await doctor(worker, () => now, 7)
  return { well, findings: (data as { findings: Finding[] }).findings, lines }
}

it('finds nothing where nothing is wrong', async () => {
  expect(await examined({})).toEqual({ well: true, findings: [], lines: ['Nothing is wrong that can be seen from here.'] })
})

it.each<[string, Record<string, object | number>, [string, boolean, RegExp, RegExp][]]>([
  ['a system away', { '/operator/gate': { leases: {}, stopped: [{ system: 'npm', until: now, why: 'npm does not answer; waiting until it is back' }] } }, [['breakers', true, /npm does not answer/, /goes on by itself/]]],
  ['a system that does not answer now, once', { '/operator/systems': { systems: [{ system: 'npm', why: 'npm: connect refused' }, { system: 'linstor', why: null }, { system: 'ispconfig', why: 'ispconfig: no account is configured' }], cluster: [] }, '/operator/gate': { leases: {}, stopped: [{ system: 'npm', until: now, why: 'npm does not answer; waiting until it is back' }] } }, [['systems', true, /npm: connect refused/, /berth-gateway check/], ['systems', false, /ispconfig/, /berth-gateway check/]]],
  ['a token that is refused', { '/operator/systems': { systems: [{ system: 'cloudflare', why: 'cloudflare: 403 GET /zones' }], cluster: [] } }, [['systems', true, /403/, /secret put CLOUDFLARE_TOKEN/]]],
  ['a tunnel that is not there, as that', { '/operator/systems': { systems: [{ system: 'proxmox', why: 'proxmox: GET /version: 530 the tunnel is not connected to Cloudflare: is cloudflared running?' }], cluster: [{ kind: 'unasked', subject: 'proxmox node1', grave: false, says: 'GET /nodes/node1: 530' }] } }, [['systems', true, /tunnel is not connected/, /systemctl restart cloudflared/]]],
  ['Access that lets nobody through', { '/operator/systems': { systems: [{ system: 'gateway', why: 'gateway: GET /version: 401 Cloudflare Access does not know our service token' }], cluster: [] } }, [['systems', true, /service token/, /secret put ACCESS_SERVICE_TOKEN/]]],
  ['a gateway whose clock refuses our signatures', { '/operator/systems': { systems: [{ system: 'gateway', why: 'gateway: 401 the gateway: the signature is from the future (signature)' }], cluster: [{ kind: 'gateway-clock', subject: 'gateway', grave: true, says: "the gateway's clock is 190 s behind the Worker's, so it refuses what we ask" }] } }, [['systems', true, /future/, /set-ntp/], ['gateway-clock', true, /190 s behind/, /set-ntp/]]],
  ['a disk that would not survive a node', { '/operator/systems': { systems: [], cluster: [{ kind: 'tie-breaker', subject: 'pm-1a2b3c4d', grave: true, says: 'no tie-breaker' }, { kind: 'quorum', subject: 'pm-1a2b3c4d', grave: true, says: 'quorum off' }, { kind: 'replicas', subject: 'pm-1a2b3c4d', grave: true, says: '1 of 2' }] } }, [['tie-breaker', true, /no tie-breaker/, /set-property pm-1a2b3c4d .*tiebreaker true/], ['quorum', true, /off/, /set-property pm-1a2b3c4d DrbdOptions.Resource.quorum majority/], ['replicas', true, /1 of 2/, /auto-place pm-1a2b3c4d/]]],
  ['what is missing on the nodes', { '/operator/systems': { systems: [], cluster: [{ kind: 'template', subject: 'node2', grave: true, says: 'node2 does not have the template' }, { kind: 'room', subject: 'pool on node1', grave: false, says: '90 GB are left' }, { kind: 'cluster-lock', subject: 'global-lvm', grave: false, says: 'no clusterlocktimeout' }] } }, [['template', true, /node2/, /on node2: pveam/], ['room', false, /90 GB/, /storage-pool list/], ['cluster-lock', false, /clusterlocktimeout/, /pvesm set global-lvm --clusterlocktimeout 60/]]],
  ['a part of the cluster that nobody could look at', { '/operator/systems': { systems: [], cluster: [{ kind: 'unasked', subject: 'linstor', grave: false, says: 'GET /v1/resource-definitions: 403 not allowed' }] } }, [['cluster', true, /linstor could not be looked at/, /berth-gateway check/]]],
  ['refused credentials', { '/operator/gate': { leases: {}, stopped: [{ system: 'cloudflare', until: now, why: 'cloudflare refuses our credentials; a person has to look' }] } }, [['breakers', true, /refuses our credentials/, /secret put CLOUDFLARE_TOKEN/]]],
  ['a stuck step', { stuck_steps: [{ ...site, step: 'proxy-host', why: 'npm: no certificate' }] }, [['stuck', true, /test\/1: proxy-host: npm: no certificate/, /npx berth retry test\/1$/]]],
  ['a site that somebody holds', { held_sites: [{ ...site, held_by: 'day shift', held_why: 'new disks', held_utc: 'then' }] }, [['held', false, /held by day shift since then: new disks/, /npx berth release test\/1$/]]],
  ['a step that takes long, not one that has just begun', { under_way: [{ ...site, step: 'snapshot', since_at: now - 16 * minutes, since_utc: 'then', why: null }, { ...site, step: 'power', since_at: now - minutes, since_utc: 'now', why: null }] }, [['under way', false, /snapshot since then/, /npx berth tenant test\/1$/]]],
  ['few addresses', { addresses_left: [{ free: 9, free_percent: 6, as_of: now, as_of_utc: 'now' }] }, [['addresses', false, /^9 private addresses/, /lan\.first/]]],
  ['no addresses, and a cron that stands still', { addresses_left: [{ free: 0, free_percent: 0, as_of: now - 26 * minutes, as_of_utc: 'then' }] }, [['addresses', true, /^0 private/, /lan\.first/], ['cron', true, /since then/, /triggers deploy/]]],
  ['a cron that never ran', { addresses_left: [] }, [['cron', true, /never/, /triggers deploy/]]],
  ['a certificate that ends', { certificates_by_expiry: [{ ...site, domain: 'a.example', days_left: 2 }, { ...site, domain: 'b.example', days_left: 14 }] }, [['certificates', true, /a\.example .* 2 days/, /npx berth tenant/]]],
  ['a failed backup', { backups_by_site: [{ ...site, failed: 1, newest_utc: null }, { ...site, failed: 0 }] }, [['backups', false, /1 backups failed.*never/, /runbook/]]],
  ['a silent billing system', { sites: [{ ...site, changed_at: now - 8 * 1440 * minutes }, { connection: 'other', service: '1', changed_at: now }] }, [['billing', false, /of test for 8 days/, /schedule:list/]]],
  ['a wrong clock', { '/health': { status: 'ok', timestamp: new Date(now + 90_000).toISOString() } }, [['clock', true, /90 s behind/, /set-ntp/]]],
  ['a wrong key once', Object.fromEntries(Object.keys(healthy).filter((name) => name !== '/health').map((name) => [name, 401])), [['key', true, /401/, /BERTH_OPERATOR_KEY/]]],
  ['a Worker with a wrong configuration', { '/health': 500, 'sites': 500 }, [['worker', true, /500/, /wrangler tail/]]],
  ['one question without an answer', { backups_by_site: 503 }, [['backups', true, /could not be looked at.*503/, /wrangler tail/]]],
])('finds %s', async (_, changes, expected) => {
  const { well, findings } = await examined(changes)
  expect(findings.map(({ what, grave }) => [what, grave])).toEqual(expected.map(([what, grave]) => [what, grave]))
  for (const [i, { says, cure }] of findings.entries()) {
    expect(says).toMatch(expected[i]![2])
    expect(cure).toMatch(expected[i]![3])
  }
  expect(well).toBe(!expected.some(([, grave]) => grave))
})
