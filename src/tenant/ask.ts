// A customer's question about the inside of a site: asked by a playbook while the caller waits, kept nowhere. Of a log-in link the
// answer is the only copy: when it is lost, a new one has to be asked for.
import type { Told } from '../domain/action.ts'
import { busyWith, passes } from '../domain/site.ts'
import { answersTo, passes as mayPass, wordsOf, type Answer, type Question } from '../domain/site-tools.ts'
import { whereabouts, type Reach } from '../resources/reach.ts'
import type { Call } from '../upstreams/http.ts'
import { building, gone, stillUnderWay, suspended, switchedOff } from './act.ts'
import { patiently, type Patient } from './figures.ts'
import type { TenantState } from './state.ts'

const refused = (code: Extract<Told<Answer>, { answer: 'refused' }>['code'], message: string): Told<Answer> => ({ answer: 'refused', code, message })
const resting = 'The site does not run at the moment. Please try again in a few minutes.'

/** Why it is not asked now; undefined when nothing stands against it. `running`: the container was last seen so; `asking`: another question is being answered. */
export function unaskable(state: TenantState | undefined, { playbook }: Question, running: boolean, asking: boolean): Told<Answer> | undefined {
  if (!state) return refused('not-ready', building)
  const { site } = state
  if (state.target === 'terminated' || state.undoing) return refused('unknown', gone)
  if (state.target === 'suspended') return refused('suspended', suspended)
  if (!state.served) return refused('not-ready', building)
  if (state.hold) return refused('not-ready', 'Support is at work on this site. Please try again later.')
  if (site.power === 'off') return refused('not-ready', switchedOff)
  const busy = busyWith(site)
  // Inside the site one thing is done at a time, but for what only looks at the disk.
  if (busy && (passes(busy) || (busy.kind === 'job' && playbook !== 'disk-use'))) return refused('not-ready', stillUnderWay(busy))
  if (!running) return refused('not-ready', resting)
  return asking ? refused('not-ready', 'Another question about this site is just being answered. Please try again in a moment.') : undefined
}

/** The gateway's own answer needs a moment to come back. */
const marginMs = 1_500

/** Asks it, at most `waitMs` long. */
export async function ask(lent: Patient<(call: Call) => Reach>, { identity }: TenantState, question: Question, waitMs: number): Promise<Told<Answer>> {
  const until = lent.now() + waitMs
  const { playbook, parameters } = question
  const told = await patiently(lent, 'ask', waitMs, async (up: Reach): Promise<Told<Answer> | undefined> => {
    const { node, status } = await whereabouts(up, identity.vmid, identity.node)
    if (node === undefined || status?.status !== 'running') return refused('not-ready', resting)
    const end = await up.gateway.runPlaybook(playbook, { run: `ask-${crypto.randomUUID()}`, node, vmid: identity.vmid, parameters }, until - lent.now() - marginMs)
    if (end.state !== 'ended') return undefined
    if (end.ok) {
      const result = answersTo[playbook].safeParse(end.result).data
      return result === undefined ? refused('failed', 'What the site answers is not understood.') : { answer: 'told', result }
    }
    return mayPass(end) || end.fate ? refused('not-ready', 'Something else is under way inside the site. Please try again in a few minutes.') : refused('failed', `It could not be done: ${wordsOf(end)}.`)
  })
  return told ?? refused('silent', 'The site did not answer in time. Please try again.')
}
