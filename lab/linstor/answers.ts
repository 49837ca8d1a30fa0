// ApiCallRc: how LINSTOR answers writes and failures. The 64-bit ret_code is written as raw text, because a double cannot hold it.
import type { World } from '../world.ts'

export const codes = {
  FAIL_INVLD_REQUEST: 234,
  FAIL_NOT_FOUND_NODE: 300,
  FAIL_NOT_FOUND_RSC_DFN: 301,
  FAIL_NOT_FOUND_RSC: 302,
  FAIL_NOT_FOUND_SNAPSHOT_DFN: 313,
  FAIL_EXISTS_RSC: 502,
  FAIL_EXISTS_SNAPSHOT_DFN: 514,
  FAIL_NOT_ALL_UPTODATE: 974,
  FAIL_NOT_ENOUGH_FREE_SPACE: 980,
  FAIL_NOT_CONNECTED: 995,
  FAIL_NOT_ENOUGH_NODES: 996,
  FAIL_IN_USE: 997,
} as const

const types = { error: 0xc000000000000000n, warning: 0x8000000000000000n, info: 0x4000000000000000n, success: 0n }
const operations = { create: 0x1000000n, modify: 0x2000000n, delete: 0x3000000n }
const objects = { definition: 0x380000n, resource: 0x340000n, volume: 0x300000n, snapshot: 0xc0000n }

export interface Entry {
  type: keyof typeof types
  operation: keyof typeof operations
  object: keyof typeof objects
  code: number
  message: string
  name?: string
}

const statusOf = (code: number): number => (code >= 300 && code < 400 ? 404 : code >= 400 && code < 500 ? 403 : 500)

/** The array of entries with the status that the first error (or the success) calls for. */
export function answer(world: World, success: 200 | 201, entries: Entry[]): Response {
  const created = JSON.stringify(new Date(world.clock.now()).toISOString())
  const body = entries.map((entry) => {
    const code = BigInt.asIntN(64, types[entry.type] | operations[entry.operation] | objects[entry.object] | BigInt(entry.code))
    const refs = entry.name === undefined ? ''
      : `,"obj_refs":${JSON.stringify({ [entry.object === 'snapshot' ? 'Snapshot' : 'RscDfn']: entry.name })}`
    return `{"ret_code":${code},"message":${JSON.stringify(entry.message)}${refs},"created_at":${created}}`
  })
  const error = entries.find((entry) => entry.type === 'error')
  return new Response(`[${body.join(',')}]`, { status: error ? statusOf(error.code) : success, headers: { 'content-type': 'application/json' } })
}
