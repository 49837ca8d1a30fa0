// The gateway's word on a task, in the engine's words.
import type { TaskEnd } from '../domain/gate.ts'
import { ending, type Gateway } from '../upstreams/gateway/client.ts'

/** Waits at most `waitMs` for its end. */
export async function taskEnd(gateway: Gateway, handle: string, waitMs: number): Promise<TaskEnd> {
  const end = await gateway.waitTask(handle, waitMs)
  return end.state === 'ended' ? { state: end.state, ok: end.ok ?? false, exit: ending(end) } : { state: end.state }
}
