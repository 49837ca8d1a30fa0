// Carries playbooks out on the real nodes: one order by ssh, its output into the log with secrets masked, its result believed
// only when it has the shape that the playbook promises. A run that was cut off, or whose end is not understood, ends unknown.
import { maskedOutput } from '../mask.ts'
import { playbooks } from '../playbook-list.ts'
import type { Driver } from '../playbooks.ts'
import type { Ssh } from './client.ts'

/** One line of what a run said. */
export interface RunLine { run: string; node: string; vmid: number; playbook: string; output: string }

/** What the node answers when it cannot tell how far a run came (docs/gateway.md): cut off there, or stopped for taking too long. */
const doubtful = new Set([76, 124])
/** What the node's own time-outs may take longer than they say. */
const marginMs = 30_000
const linesMax = 2_000
const lineMax = 1_000

/** `secrets` are masked in every line that is logged. */
export function sshDriver(ssh: Ssh, secrets: readonly string[], log: (line: RunLine) => void): Driver {
  return {
    async run({ playbook, run, node, vmid, parameters }) {
      const { result: shape, seconds } = playbooks[playbook]!
      const texts = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]))
      let lines = 0
      const hear = (line: string): void => {
        if (++lines > linesMax) return
        log({ run, node, vmid, playbook, output: lines === linesMax ? 'what follows is left out' : maskedOutput(line, secrets, lineMax) })
      }
      const { exit, output, result } = await ssh.ask(node, { playbook, vmid, run, parameters: texts }, seconds * 1000 + marginMs, hear)
      if (doubtful.has(exit)) throw new Error(`the node does not know how far it came (${exit})\n${output}`)
      if (exit !== 0) return { exit, output }
      const parsed = shape.safeParse(decoded(result))
      if (!parsed.success) throw new Error(`${playbook} ended well, but its result is not understood`)
      return { exit, output, result: parsed.data }
    },
  }
}

function decoded(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
