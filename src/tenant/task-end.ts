// The gateway's word on a task, in the engine's words.
import type { TaskEnd } from '../domain/gate.ts'
import type { Gateway } from '../upstreams/gateway/client.ts'

/** Waits at most `waitMs` for its end. */
export async function taskEnd(gateway: Gateway, handle: string, waitMs: number): Promise<TaskEnd> {
  const { state, ok = false, exit = '' } = await gateway.waitTask(handle, waitMs)
  return state === 'ended' ? { state, ok, exit } : { state }
}
