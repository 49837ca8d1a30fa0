// What we read of LINSTOR's answers, in its own words. Return codes are signed 64-bit numbers, which a JavaScript
// number cannot hold (doubles step by 1024 there), so they are taken from the raw text and never from parsed JSON.

import * as z from 'zod'

export const version = z.object({ version: z.string(), rest_api_version: z.string().optional() })

export const resourceDefinition = z.object({
  name: z.string(),
  props: z.record(z.string(), z.string()).default({}),
  flags: z.array(z.string()).default([]),
})
/** `props` holds our mark and, from Proxmox's plug-in, `Aux/pm/vmid`. */
export type ResourceDefinition = z.infer<typeof resourceDefinition>

export const resourceDefinitions = z.array(resourceDefinition)

export const resources = z.array(z.object({
  name: z.string(),
  node_name: z.string(),
  flags: z.array(z.string()).default([]),
  state: z.object({ in_use: z.boolean().optional() }).optional(),
  volumes: z.array(z.object({ storage_pool_name: z.string().optional(), state: z.object({ disk_state: z.string().optional() }).optional() })).default([]),
  layer_object: z.object({
    drbd: z.object({
      may_promote: z.boolean().optional(),
      connections: z.record(z.string(), z.object({ connected: z.boolean().optional(), message: z.string().optional() })).optional(),
    }).optional(),
  }).optional(),
}))

/** In KiB; missing while its satellite is away. Of a thin pool it is what is physically left. */
export const storagePools = z.array(z.object({ storage_pool_name: z.string(), node_name: z.string(), provider_kind: z.string(), free_capacity: z.number().optional(), total_capacity: z.number().optional() }))
export type StoragePool = z.infer<typeof storagePools>[number]

const returnCodes = z.array(z.object({ ret_code: z.string().transform(BigInt), message: z.string().default('') }))

/** One entry of an answer to a write. `code` is the part below the masks: 300-399 not found, 500-528 exists. */
export interface ReturnCode { error: boolean; code: number; message: string }

/** The entries of an ApiCallRc answer (a list, or a single one as the published schema has it); undefined when it is none. */
export function readReturnCodes(text: string): ReturnCode[] | undefined {
  let json: unknown
  try {
    // A quote inside a JSON string is escaped, so this matches keys only.
    json = JSON.parse(text.replace(/"ret_code"\s*:\s*(-?\d+)/g, '"ret_code":"$1"'))
  } catch {
    return undefined
  }
  const parsed = returnCodes.safeParse(Array.isArray(json) ? json : [json])
  return parsed.success ? parsed.data.map(({ ret_code, message }) => ({ ...mask(ret_code), message })) : undefined
}

/** Bits 62 and 63 are the type (3 is an error), bits 0 to 14 the code. */
function mask(returnCode: bigint): { error: boolean; code: number } {
  const bits = BigInt.asUintN(64, returnCode)
  return { error: bits >> 62n === 3n, code: Number(bits & 0x7fffn) }
}
