// A Proxmox cluster with LINSTOR in virtual time, and the few moves that the laws about it make. Never waits in real time.
import type { Hono } from 'hono'
import { VirtualClock } from '../../lab/clock.ts'
import { linstor } from '../../lab/linstor/app.ts'
import { proxmox } from '../../lab/proxmox/app.ts'
import { proxmoxToken, template } from '../../lab/topology.ts'
import { World } from '../../lab/world.ts'

/** `data` is what the caller says it is: a UPID unless told otherwise. */
export interface Answer<Data = string> { status: number; data: Data; message: string; errors: Record<string, string>; text: string }
export type Row = Record<string, string | number>

export class Cluster {
  readonly clock = new VirtualClock()
  readonly world: World
  readonly proxmox: Hono
  readonly linstor: Hono
  /** Every exchange in the shape of a recording. */
  readonly exchanges: Record<string, unknown>[] = []
  readonly major: 8 | 9

  constructor(options: { seed?: number; major?: 8 | 9 } = {}) {
    this.major = options.major ?? 9
    this.world = new World(this.clock, { seed: options.seed ?? 1 })
    this.proxmox = proxmox(this.world, { major: this.major })
    this.linstor = linstor(this.world)
  }

  /** Sends without running the clock further than the answer needs. */
  async pve<Data = string>(method: string, path: string, parameters: Record<string, unknown> = {},
    more: { json?: boolean; authorization?: string; body?: string; type?: string } = {}): Promise<Answer<Data>> {
    const form = new URLSearchParams(Object.entries(parameters).map(([key, value]): [string, string] => [key, String(value)])).toString()
    const inQuery = method === 'GET' || method === 'DELETE'
    const body = more.body ?? (inQuery ? undefined : more.json ? JSON.stringify(parameters) : form)
    const headers: Record<string, string> = { authorization: more.authorization ?? `PVEAPIToken=${proxmoxToken}` }
    if (body !== undefined) headers['content-type'] = more.type ?? (more.json ? 'application/json' : 'application/x-www-form-urlencoded')
    const full = `/api2/json${path}${inQuery && form !== '' ? `?${form}` : ''}`
    return this.#send('pve', this.proxmox, method, full, headers, body)
  }

  async lin<Data = Row[]>(method: string, path: string, body?: unknown): Promise<Answer<Data>> {
    return this.#send('linstor', this.linstor, method, path, body === undefined ? {} : { 'content-type': 'application/json' },
      body === undefined ? undefined : JSON.stringify(body))
  }

  async #send<Data>(service: string, app: Hono, method: string, path: string, headers: Record<string, string>,
    body: string | undefined): Promise<Answer<Data>> {
    let response: Response | undefined
    void Promise.resolve(app.fetch(new Request(`http://lab${path}`, { method, headers, ...(body === undefined
      ? {} : { body }) }))).then((answer) => void (response = answer))
    for (let turns = 0; response === undefined; turns++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (response === undefined && turns > 2 && !(await this.clock.step())) throw new Error(`${method} ${path} never answers`)
    }
    const text = await response.text()
    this.exchanges.push({ service, method, path, requestHeaders: headers, requestBody: body, status: response.status, responseBody: text,
      version: this.major, ...(response.status >= 400 ? { expect: 'reject' } : {}) })
    const parsed = (text.startsWith('{') || text.startsWith('[')
      ? JSON.parse(text) : undefined) as { data: Data; message?: string; errors?: Record<string, string> } | undefined
    return { status: response.status, data: (service === 'pve' ? parsed?.data : parsed) as Data, message: parsed?.message ?? '',
      errors: parsed?.errors ?? {}, text }
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(this.clock.now() + ms)
  }

  /** Runs the clock until the task has ended and answers its exit status. */
  async ended(upid: string): Promise<string> {
    const node = upid.split(':')[1]!
    for (let i = 0; i < 400; i++) {
      const { data } = await this.pve<{ status: string; exitstatus: string }>('GET', `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`)
      if (data.status === 'stopped') return data.exitstatus
      await this.pass(500)
    }
    throw new Error(`task ${upid} never ends`)
  }

  /** The call must be accepted; answers how its task ended. */
  async done(method: string, path: string, parameters: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.pve(method, path, parameters)
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return this.ended(answer.data)
  }

  create(vmid: number, more: Record<string, unknown> = {}, node = 'node1'): Promise<Answer> {
    return this.pve('POST', `/nodes/${node}/lxc`, {
      vmid, ostemplate: template, hostname: `site-${vmid}`, cores: 2, memory: 2048, swap: 512, rootfs: 'global-lvm:20', unprivileged: 1,
      features: 'nesting=1', onboot: 1,
      net0: `name=eth0,bridge=vmbr1,ip=192.168.1.${vmid}/24,gw=192.168.1.1,firewall=1`, nameserver: '192.168.1.1 1.1.1.1',
      searchdomain: 'lan', tags: 'berth;berth-t1-e1', description: 'berth-t1-e1', ...more,
    })
  }

  /** A finished container, running when asked. */
  async container(vmid: number, more: Record<string, unknown> = {}, node = 'node1'): Promise<void> {
    const exit = await this.ended((await this.create(vmid, more, node)).data)
    if (!/^(OK|WARNINGS: \d+)$/.test(exit)) throw new Error(exit)
  }

  async config(vmid: number, node = 'node1'): Promise<Row> {
    return (await this.pve<Row>('GET', `/nodes/${node}/lxc/${vmid}/config`)).data
  }

  async status(vmid: number, node = 'node1'): Promise<Row> {
    return (await this.pve<Row>('GET', `/nodes/${node}/lxc/${vmid}/status/current`)).data
  }
}

/** True for an exit status that means success. */
export const fine = (exit: string): boolean => /^(OK|WARNINGS: \d+)$/.test(exit)
