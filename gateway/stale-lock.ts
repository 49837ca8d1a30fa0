// Proves that nobody works on a container any more before its lock is taken away: Proxmox's interface cannot unlock, so a playbook of
// the node does (`pct unlock`), and that asks no questions. Whatever cannot be told counts as somebody at work.
import * as z from 'zod'
import type { Hindrance } from './playbooks.ts'
import type { Answer, Rim } from './upstream.ts'

/** Between two looks: a worker that is being started shows itself within this time, or writes. */
const apartMs = 5_000

const nodesAnswer = z.object({ data: z.array(z.object({ node: z.string().regex(/^[A-Za-z0-9-]{1,63}$/), status: z.string() })) })
const configAnswer = z.object({ data: z.object({ digest: z.string(), lock: z.string().optional() }) })
/** A finished task stays in the list for some seconds, with its status. */
const tasksAnswer = z.object({ data: z.array(z.object({ type: z.string(), status: z.string().optional() })) })

/** For the playbook `unlock-container`: why the lock may still be somebody's. `ask` is a GET to Proxmox. */
export function staleLock(rim: Pick<Rim, 'sleep'>, ask: (path: string) => Promise<Answer>): Hindrance {
  const read = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const { status, body } = await ask(path)
    const parsed = status === 200 ? schema.safeParse(JSON.parse(body)) : undefined
    if (!parsed?.success) throw new Error(`GET ${path} answers ${status} and not what is needed`)
    return parsed.data
  }

  /** The digest of the config under the lock. */
  const look = async (node: string, vmid: number, lock: unknown): Promise<{ hindrance: string } | { digest: string | undefined }> => {
    const { data: nodes } = await read('/api2/json/nodes', nodesAnswer)
    // A node that is cut off from the cluster writes nothing there; only the container's own can be working on it and come back.
    const online = nodes.filter(({ status }) => status === 'online').map((one) => one.node)
    if (!online.includes(node)) return { hindrance: `the node ${node} is away` }
    for (const one of online) {
      const { data: tasks } = await read(`/api2/json/nodes/${one}/tasks?source=active&vmid=${vmid}`, tasksAnswer)
      const alive = tasks.find(({ status }) => status === undefined || status === 'RUNNING')
      if (alive) return { hindrance: `a task ${alive.type} of this container runs on ${one}` }
    }
    const { data: config } = await read(`/api2/json/nodes/${node}/lxc/${vmid}/config`, configAnswer)
    if (config.lock !== undefined && config.lock !== lock) return { hindrance: `the lock is "${config.lock}"` }
    return { digest: config.lock === undefined ? undefined : config.digest }
  }

  return async ({ node, vmid, parameters }) => {
    const first = await look(node, vmid, parameters['lock'])
    // Without a lock there is nothing to take away, and the playbook will say so.
    if ('hindrance' in first || first.digest === undefined) return 'hindrance' in first ? first.hindrance : undefined
    await rim.sleep(apartMs)
    const second = await look(node, vmid, parameters['lock'])
    if ('hindrance' in second) return second.hindrance
    return second.digest === undefined || second.digest === first.digest ? undefined : 'somebody has just written the config'
  }
}
