// What the platform lends to every object that drives rows: clients, gate, alarm, time, chance and the network. It decides nothing.
import { configOf } from '../config.ts'
import type { System } from '../domain/errors.ts'
import type { Gate, Turn } from '../domain/gate.ts'
import type { Rim } from '../upstreams/http.ts'
import { byWay, upstreams } from '../upstreams/upstreams.ts'

/** Put together once per object. */
export function lend(ctx: DurableObjectState, env: Env) {
  const config = configOf(env)
  const rim: Rim = { fetch: byWay(config.upstreams.gatewayUrl, config.gateway, { fetch: (request) => fetch(request) }), now: () => Date.now(), sleep }
  const clients = upstreams(config.upstreams, rim)
  return {
    storage: ctx.storage,
    now: () => rim.now(),
    random: () => Math.random(),
    sleep,
    clients,
    /** A cheap question that shows whether a system is back. Throws when it is not. */
    probe: async (system: System) => {
      const up = clients({ operation: 'probe', attempt: 0, deadline: Date.now() + 5_000 })
      if (system === 'proxmox' || system === 'gateway') await up.proxmox.version()
      else if (system === 'linstor') await up.linstor.version()
      else if (system === 'npm') await up.npm.certificates()
      else if (system === 'ispconfig') await up.ispconfig.jobqueueCount()
      else if (system === 'cloudflare') await up.cloudflare.dnsRecords({ name: config.cluster.zone })
      else if (system === 'dns') await up.dns.first(config.cluster.zone, 'SOA')
    },
    gate: (tenant: string, turn: Turn): Gate => {
      const gate = () => env.GATE.getByName(config.cluster.name)
      return {
        acquire: async (ask) => gate().acquire({ tenant, ...turn, ...ask }),
        spend: async ({ budgets }) => gate().spend(budgets),
        report: async (told) => gate().report({ tenant, ...told }),
      }
    },
    setAlarm: (at: number) => void ctx.storage.setAlarm(at),
    deleteAlarm: () => void ctx.storage.deleteAlarm(),
  }
}

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const timer = setTimeout(resolve, Math.max(0, ms))
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
