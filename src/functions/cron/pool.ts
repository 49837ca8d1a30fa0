// Every minute: the pools of sites built ahead are kept at their sizes. The allocator decides and writes; here its commands are sent,
// objects that have been silent for long are woken, and the reports are told. docs/pool.md
import { configOf } from '../../config.ts'
import { writePools } from '../../db/reports.ts'
import { sendCommand } from '../../queues/commands.ts'
import { unlessDown } from './watchdog.ts'

/** `now` is epoch ms. */
export async function keepPool(env: Env, now: number): Promise<void> {
  await unlessDown('keeping the pools', keep(env, now))
}

async function keep(env: Env, now: number): Promise<void> {
  const { name } = configOf(env).cluster
  const { commands, late, pools } = await env.ALLOCATOR.getByName(name).keepPool()
  await Promise.all([
    ...commands.map((command) => sendCommand(env, command)),
    ...late.map((key) => unlessDown(`poking ${key}`, env.TENANT.getByName(key).poke())),
    unlessDown('telling of the pools', writePools(env.DB, name, pools, now)),
  ])
}
