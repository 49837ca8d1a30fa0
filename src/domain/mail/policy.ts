// The MTA-STS policy of domains with mail here: the same for all of them, because all have the same mail server.
// https://www.rfc-editor.org/rfc/rfc8461#section-3.2
import { createHash } from 'node:crypto'
import { shown } from '../dns/host-name.ts'

export type PolicyMode = 'testing' | 'enforce' | 'none'

/** A week: senders ask again once a day, and an old policy is forgotten in bearable time. */
const maxAgeSeconds = 604_800

/** The whole file; `mailHost` absolute. */
export const policyText = (mailHost: string, mode: PolicyMode): string =>
  ['version: STSv1', `mode: ${mode}`, `mx: ${shown(mailHost)}`, `max_age: ${maxAgeSeconds}`, ''].join('\r\n')

/** Changes exactly when the policy does: senders then fetch it anew. */
export const policyId = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)

const prefix = 'mta-sts.'

/** The domain whose policy a request to this host asks for. */
export const policyDomain = (host: string): string | undefined => {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
  return name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length) : undefined
}

/** What senders would read of a policy that differs from ours, as the rest of a sentence; undefined when it says the same. */
export function policyProblem(text: string, ours: string): string | undefined {
  const read = fieldsOf(text)
  const wanted = fieldsOf(ours)
  if ('problem' in read) return read.problem
  if ('problem' in wanted) throw new Error('our own policy cannot be read')
  const missing = wanted.mx.find((host) => !read.mx.includes(host))
  if (missing !== undefined && read.mode !== 'none') return `does not name our mail server ${missing}${read.mode === 'enforce' ? ', so that senders do not deliver to it' : ''}`
  if (read.mode !== wanted.mode) return `has the mode ${read.mode} instead of ${wanted.mode}`
  const more = read.mx.find((host) => !wanted.mx.includes(host))
  return more === undefined ? undefined : `names ${more.slice(0, 80)} besides our mail server`
}

/** Lines end in CRLF or LF; fields that nobody knows are left out, as senders do. */
function fieldsOf(text: string): { mode: string; mx: string[] } | { problem: string } {
  const all = text.split(/\r?\n/).filter((line) => line.trim() !== '').map((line) => /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):\s*(.*?)\s*$/.exec(line))
  const values = (name: string): string[] => all.flatMap((field) => (field?.[1] === name ? [field[2]!] : []))
  if (all.some((field) => field === null)) return { problem: 'has a line that is not of the form “name: value”' }
  const [version, mode = '', age = ''] = [values('version')[0], values('mode')[0], values('max_age')[0]]
  if (version !== 'STSv1') return { problem: 'does not begin with version: STSv1' }
  if (!['testing', 'enforce', 'none'].includes(mode)) return { problem: 'has no mode of testing, enforce or none' }
  if (!/^\d{1,10}$/.test(age) || Number(age) > ageMaxSeconds) return { problem: `has no max_age of 0 to ${ageMaxSeconds} seconds` }
  return { mode, mx: values('mx').map((host) => host.toLowerCase()) }
}

/** A year. */
const ageMaxSeconds = 31_557_600
