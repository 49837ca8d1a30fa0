// Every minute: commands that no tenant has confirmed are sent again (a queue may lose them), and tenants that should be
// under way but have been silent are poked (an alarm may be lost). The reports are told how many addresses are left.
import { configOf } from '../../config.ts'
import { silentTenants, writeAddresses } from '../../db/reports.ts'
import { sendCommand } from '../../queues/commands.ts'

const unconfirmedAfterMs = 10_000
const silentAfterMs = 5 * 60_000

/** What cannot be reached now is tried again in a minute; it keeps nobody else from being helped. `now` is epoch ms. */
export async function watchdog(env: Env, now: number): Promise<void> {
  await Promise.all([unlessDown('sending again', resend(env, now)), unlessDown('poking', pokeSilent(env, now)), unlessDown('counting addresses', countAddresses(env, now))])
}

async function resend(env: Env, now: number): Promise<void> {
  const allocator = env.ALLOCATOR.getByName(configOf(env).cluster.name)
  for (const command of await allocator.unconfirmed(now - unconfirmedAfterMs, 100)) await sendCommand(env, command)
}

async function pokeSilent(env: Env, now: number): Promise<void> {
  const tenants = await silentTenants(env.DB, now - silentAfterMs, 50)
  await Promise.all(tenants.map((tenant) => unlessDown(`poking ${tenant}`, env.TENANT.getByName(tenant).poke())))
}

async function countAddresses(env: Env, now: number): Promise<void> {
  const { name } = configOf(env).cluster
  await writeAddresses(env.DB, name, await env.ALLOCATOR.getByName(name).addresses(), now)
}

/** What fails is logged, and nothing else of this minute's work with it. */
export async function unlessDown(what: string, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    console.error(JSON.stringify({ level: 'error', what: `cron: ${what}`, error: String(error).slice(0, 200) }))
  })
}
