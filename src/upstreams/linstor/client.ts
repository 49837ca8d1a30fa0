// LINSTOR's REST API v1 in its own words; absence is undefined, making what exists is success.
// Decides by return code, never by status alone: "exists" and "no space" are both 500, and a 2xx list may hold errors.
// Pages: https://app.swaggerhub.com/apis-docs/Linstor/Linstor/1.28.0 (operation ids in brackets).

import type { Fate, UpstreamError } from '../../domain/errors.ts'
import type { Ask, Http, Reply } from '../http.ts'
import { path } from '../http.ts'
import * as wire from './wire.ts'

/** A resource on one node. `disk_state` is that of its worst volume; undefined `in_use` or state means that the satellite is offline. */
export interface Resource {
  name: string
  node_name: string
  flags: string[]
  /** The storage pool of its first volume. */
  pool: string | undefined
  disk_state: string | undefined
  in_use: boolean | undefined
  may_promote: boolean | undefined
  connections: Record<string, { connected?: boolean | undefined; message?: string | undefined }>
}

/** Writes wait for satellites. */
const writeTimeoutMs = 60_000

/** The verbs over one `Http` whose base URL is the controller's, without /v1. All throw UpstreamError and nothing else. */
export class Linstor {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** GET /v1/controller/version (controllerVersion) */
  async version(): Promise<{ version: string; rest_api_version?: string | undefined }> {
    const reply = this.#good(await this.#http.send('GET', '/v1/controller/version'))
    return this.#http.parse(wire.version, reply)
  }

  /** GET /v1/resource-definitions/{resource}; the published schema lacks it, the server has it */
  async resourceDefinition(name: string): Promise<wire.ResourceDefinition | undefined> {
    const reply = await this.#http.send('GET', path`/v1/resource-definitions/${name}`)
    // A 404 without a return code is a path that this server does not know, not a missing definition.
    if (reply.status === 404 && reply.landed && errors(reply).some(isNotFound)) return undefined
    return this.#http.parse(wire.resourceDefinition, this.#good(reply))
  }

  /** GET /v1/resource-definitions (resourceDefinitionList) */
  async resourceDefinitions(): Promise<wire.ResourceDefinition[]> {
    return this.#http.parse(wire.resourceDefinitions, this.#good(await this.#http.send('GET', '/v1/resource-definitions')))
  }

  /** GET /v1/view/resources?resources={name} (viewResources), all of them without a name. Empty: no replica anywhere. */
  async resources(name?: string): Promise<Resource[]> {
    const reply = this.#good(await this.#http.send('GET', '/v1/view/resources', { query: { resources: name } }))
    // The filter is trusted with the amount, not with the truth.
    return this.#http.parse(wire.resources, reply).filter((row) => name === undefined || row.name === name).map((row) => ({
      name: row.name,
      node_name: row.node_name,
      flags: row.flags,
      pool: row.volumes[0]?.storage_pool_name,
      disk_state: worst(row.volumes.map((volume) => volume.state?.disk_state)),
      in_use: row.state?.in_use,
      may_promote: row.layer_object?.drbd?.may_promote,
      connections: row.layer_object?.drbd?.connections ?? {},
    }))
  }

  /** GET /v1/view/storage-pools (viewStoragePools) */
  async storagePools(): Promise<wire.StoragePool[]> {
    return this.#http.parse(wire.storagePools, this.#good(await this.#http.send('GET', '/v1/view/storage-pools')))
  }

  /** PUT /v1/resource-definitions/{resource} (resourceDefinitionModify) */
  async modifyResourceDefinition(name: string, change: { override_props?: Record<string, string>; delete_props?: string[] }): Promise<void> {
    await this.#write('PUT', path`/v1/resource-definitions/${name}`, { json: change })
  }

  /** Every entry counts: errors of one node stand beside successes of another, whatever the status. */
  async #write(method: string, where: string, ask: Ask): Promise<void> {
    const reply = await this.#http.send(method, where, { timeoutMs: writeTimeoutMs, ...ask })
    const codes = wire.readReturnCodes(reply.text)
    if (codes === undefined) throw this.#http.failure(reply, 'unknown', 'no return code')
    const failed = codes.filter((entry) => entry.error)
    if (failed.length > 0) throw this.#failure(reply, failed)
    if (reply.status >= 300 && !codes.some((entry) => entry.error)) throw this.#failure(reply, codes)
  }

  #good(reply: Reply): Reply {
    if (reply.status >= 300) throw this.#failure(reply, errors(reply))
    return reply
  }

  #failure(reply: Reply, entries: wire.ReturnCode[]): UpstreamError {
    const words = entries.map((entry) => `${entry.message} (${entry.code})`).join('; ')
    return this.#http.failure(reply, fate(reply, entries), words === '' ? undefined : words)
  }
}

const errors = (reply: Reply): wire.ReturnCode[] => (wire.readReturnCodes(reply.text) ?? []).filter((entry) => entry.error)

const isNotFound = (entry: wire.ReturnCode): boolean => entry.code >= 300 && entry.code < 400

/** Invalid input (FAIL_INVLD_*, but not the states 233 and 243), too little space (980) or too few nodes (996): asking again changes nothing. */
const isHopeless = ({ code }: wire.ReturnCode): boolean => (code >= 200 && code < 245 && code !== 233 && code !== 243) || code === 980 || code === 996

/** Access denied (FAIL_ACC_DENIED_*) and failed sign-ins, should one come with another status than 401 or 403. */
const isDenied = ({ code }: wire.ReturnCode): boolean => (code >= 400 && code < 500) || code === 10_000 || code === 10_001

function fate(reply: Reply, entries: wire.ReturnCode[]): Fate {
  if (entries.some(isDenied)) return 'credentials'
  return reply.landed && entries.length > 0 && entries.every(isHopeless) ? 'refused' : 'unknown'
}

const worst = (states: (string | undefined)[]): string | undefined =>
  states.length === 0 ? undefined : states.find((state) => state !== 'UpToDate') ?? (states.includes(undefined) ? undefined : 'UpToDate')
