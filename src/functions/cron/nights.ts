// Every minute: the tenants whose turn it is are asked for their nightly backup. Each decides by itself whether it is due; whoever
// cannot be reached or is busy is asked again in four hours.
import { configOf } from '../../config.ts'
import { keysOf, slotNow } from '../../domain/night.ts'

/** `now` is epoch ms. */
export async function nights(env: Env, now: number): Promise<void> {
  const { name, timeZone } = configOf(env).cluster
  const slot = slotNow(timeZone, now)
  if (slot === undefined) return
  const { from, below } = keysOf(slot)
  const failed = (what: string) => (error: unknown): void => console.error(JSON.stringify({ level: 'error', what, error: String(error).slice(0, 200) }))
  const tenants = await env.ALLOCATOR.getByName(name).live(from, below).catch(failed('nightly backups: the list of tenants'))
  await Promise.all((tenants ?? []).map((tenant) => env.TENANT.getByName(tenant).act({ do: 'nightly' }, 'schedule').catch(failed(`nightly backup of ${tenant}`))))
}
