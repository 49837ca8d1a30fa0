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
