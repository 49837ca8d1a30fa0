// The connection to the nodes: the system's own ssh, with a configuration, a key and known hosts of its own and none of anybody
// else's. One word goes out, an answer with a beginning and an end comes back; whatever lies between decides the fate of the order.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Refusal } from '../refusal.ts'
import { within } from '../tasks.ts'
import type { Rim } from '../upstream.ts'

export interface SshSettings {
  /** The user there; its key may do one thing only. */
  user: string
  /** The private key, in OpenSSH's own format. */
  key: string
  /** By the name that Proxmox gives the node. `hostKey`: type and key, as in a file of known hosts. */
  nodes: Record<string, { host: string; port: number; hostKey: string }>
}

/** `result` is what came as such, not yet looked at. */
export interface Said { exit: number; output: string; result: string | undefined }

/** What gateway and node must both speak. */
export const protocol = 1
const stdoutMax = 65_536
const outputKept = 65_536
const lineMax = 2_000
/** For the last bytes of a process that has ended. */
const flushMs = 2_000

export class Ssh {
  readonly #rim: Pick<Rim, 'sleep'>
  readonly #nodes: SshSettings['nodes']
  readonly #folder: string
  readonly #program: string

  /** `parent`: a folder for this service alone, best in memory; `program` is how ssh is called. */
  constructor(settings: SshSettings, rim: Pick<Rim, 'sleep'>, parent: string, program = 'ssh') {
    this.#rim = rim
    this.#nodes = settings.nodes
    this.#program = program
    this.#folder = mkdtempSync(path.join(parent, 'ssh-'))
    const file = (name: string): string => path.join(this.#folder, name)
    writeFileSync(file('key'), `${settings.key.trim()}\n`, { mode: 0o600 })
    writeFileSync(file('known_hosts'), Object.entries(settings.nodes).map(([name, { hostKey }]) => `${name} ${hostKey}\n`).join(''), { mode: 0o600 })
    writeFileSync(file('config'), configuration(settings, this.#folder), { mode: 0o600 })
  }

  get names(): string[] {
    return Object.keys(this.#nodes)
  }

  /**
   * Says one order to a node and waits for its end, at most `waitMs`. A Refusal when it provably came to nothing, another error
   * when nobody knows. `hear` is given each line of output as it comes.
   */
  async ask(node: string, order: object, waitMs: number, hear: (line: string) => void): Promise<Said> {
    if (!Object.hasOwn(this.#nodes, node)) throw new Refusal(404, 'refused', 'node', `this gateway knows no node "${node.slice(0, 60)}"`)
    const word = Buffer.from(JSON.stringify({ protocol, ...order })).toString('base64url')
    const child = spawn(this.#program, ['-F', path.join(this.#folder, 'config'), '--', node, word], {
      // Nobody's agent, nobody's configuration.
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (stdout.length < stdoutMax) stdout += chunk
    })
    const output = new Lines(hear)
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => output.add(chunk))
    let code: number | null = null
    let failure: Error | undefined
    const { promise: over, resolve } = Promise.withResolvers<void>()
    child.once('error', (error) => {
      failure = error
      resolve()
    })
    child.once('close', () => resolve())
    // Something that outlives it may hold its stderr open.
    child.once('exit', (status) => {
      code = status
      void this.#rim.sleep(flushMs).then(resolve)
    })
    await within(this.#rim, over, waitMs)
    output.end()
    if (failure !== undefined) throw new Refusal(503, 'not-sent', 'ssh', 'the program ssh cannot be run on this machine')
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      throw new Error(`gave up after ${Math.round(waitMs / 1000)} s`)
    }
    return heard(node, stdout, output.kept, code)
  }

  /** Ends the connections; what runs on the nodes goes on. */
  close(): void {
    const config = path.join(this.#folder, 'config')
    for (const node of this.names) spawnSync(this.#program, ['-F', config, '-O', 'exit', '--', node], { stdio: 'ignore', timeout: flushMs })
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** https://man.openbsd.org/ssh_config */
function configuration({ user, nodes }: SshSettings, folder: string): string {
  const each = Object.entries(nodes).map(([name, { host, port }]) => `Host ${name}\n  HostName ${host}\n  Port ${port}\n  HostKeyAlias ${name}\n`)
  const all = {
    User: user, IdentityFile: `"${folder}/key"`, IdentitiesOnly: 'yes', IdentityAgent: 'none', PreferredAuthentications: 'publickey', BatchMode: 'yes',
    UserKnownHostsFile: `"${folder}/known_hosts"`, GlobalKnownHostsFile: '/dev/null', StrictHostKeyChecking: 'yes', UpdateHostKeys: 'no', CheckHostIP: 'no',
    ConnectTimeout: 10, ConnectionAttempts: 1, ServerAliveInterval: 5, ServerAliveCountMax: 3,
    ControlMaster: 'auto', ControlPath: `"${folder}/%n"`, ControlPersist: 600,
    ForwardAgent: 'no', ForwardX11: 'no', ClearAllForwardings: 'yes', Tunnel: 'no', PermitLocalCommand: 'no', RequestTTY: 'no', EscapeChar: 'none', LogLevel: 'ERROR',
  }
  return `${each.join('')}Host *\n${Object.entries(all).map(([key, value]) => `  ${key} ${value}\n`).join('')}`
}

/** What an answer means. Before the node's first word only ssh itself speaks; after its last one nothing is left to know. */
function heard(node: string, stdout: string, output: string, code: number | null): Said {
  const begun = /^berth-node \d+$/m.test(stdout)
  const end = /^end (\d{1,3}) (-|[A-Za-z0-9+/]+=*)$/m.exec(stdout)
  if (begun && end) return { exit: Number(end[1]), output, result: end[2] === '-' ? undefined : Buffer.from(end[2]!, 'base64').toString('utf8') }
  if (begun) throw new Error(`the connection to ${node} was lost in the middle\n${output}`)
  if (code !== 255) throw new Refusal(502, 'credentials', 'berth-node', `${node} does not run berth-node for this key`)
  if (/^Host key verification failed|IDENTIFICATION HAS CHANGED|^No .* host key is known/m.test(output))
    throw new Refusal(502, 'credentials', 'host-key', `${node} shows another host key than the one that is configured`)
  // The user of a service that systemd makes for it is known only through libnss-systemd.
  if (/^No user exists for uid/m.test(output)) throw new Refusal(503, 'not-sent', 'ssh', 'ssh does not know the user that this gateway runs as')
  if (/Permission denied \(|Too many authentication failures/.test(output)) throw new Refusal(502, 'credentials', 'ssh-key', `${node} does not accept the key`)
  if (/^ssh: (?:connect to host|Could not resolve)|^(?:kex_exchange_identification|banner exchange|Connection timed out during banner exchange)/m.test(output))
    throw new Refusal(503, 'not-sent', 'unreachable', `${node} cannot be reached`)
  throw new Error(`the connection to ${node} was lost\n${output}`)
}

/** Takes text apart into lines, and keeps its end. */
class Lines {
  kept = ''
  readonly #hear: (line: string) => void
  #open = ''

  constructor(hear: (line: string) => void) {
    this.#hear = hear
  }

  add(chunk: string): void {
    this.kept = (this.kept + chunk).slice(-outputKept)
    // ssh itself ends its lines as a terminal wants them.
    const lines = (this.#open + chunk).split(/\r?\n/)
    this.#open = lines.pop()!.slice(0, lineMax)
    for (const line of lines) this.#hear(line.slice(0, lineMax))
  }

  end(): void {
    if (this.#open !== '') this.#hear(this.#open)
    this.#open = ''
  }
}
