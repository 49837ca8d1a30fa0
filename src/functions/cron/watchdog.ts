// Every minute: commands that no tenant has confirmed are sent again (a queue may lose them), and tenants that should be
// under way but have been silent are poked (an alarm may be lost).
import { configOf } from '../../config.ts'
import { silentTenants } from '../../db/reports.ts'
import { sendCommand } from '../../queues/commands.ts'

const unconfirmedAfterMs = 10_000
const silentAfterMs = 5 * 60_000

export async function watchdog(env: Env, now: number): Promise<void> {
  const allocator = env.ALLOCATOR.getByName(configOf(env).cluster.name)
  for (const command of await allocator.unconfirmed(now - unconfirmedAfterMs, 100)) await sendCommand(env, command)
  for (const tenant of await silentTenants(env.DB, now - silentAfterMs, 50)) await env.TENANT.getByName(tenant).poke()
}
