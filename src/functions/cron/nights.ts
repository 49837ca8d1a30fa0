// Every minute: the tenants whose turn it is are asked for their nightly backup. Each decides by itself whether it is due; whoever
// cannot be reached or is busy is asked again in four hours.
import { configOf } from '../../config.ts'
import { keysOf, slotNow } from '../../domain/night.ts'
import { unlessDown } from './watchdog.ts'

/** `now` is epoch ms. */
export async function nights(env: Env, now: number): Promise<void> {
  const { name, timeZone } = configOf(env).cluster
  const slot = slotNow(timeZone, now)
  if (slot !== undefined) await unlessDown('nightly backups', ask(env, name, slot))
}

async function ask(env: Env, cluster: string, slot: number): Promise<void> {
  const { from, below } = keysOf(slot)
  const tenants = await env.ALLOCATOR.getByName(cluster).live(from, below)
  await Promise.all(tenants.map((tenant) => unlessDown(`nightly backup of ${tenant}`, env.TENANT.getByName(tenant).act({ do: 'nightly' }, 'schedule'))))
}
