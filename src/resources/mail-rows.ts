// Where a customer's mail is looked for in ISPConfig: in mail domains of the customer's own client, and nowhere else.
import type { MailDomain } from '../upstreams/ispconfig/wire.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

/** `domain` in A-labels, no dot at the end. */
export interface MailPlace { customerNo: string; mailServer: number; domain: string }

/** The customer's client and their mail domain, as far as they are there; `foreign` when another account has the domain. */
export async function ownMail(up: Upstreams, { customerNo, domain }: Pick<MailPlace, 'customerNo' | 'domain'>): Promise<{ clientId?: number; own?: MailDomain; foreign: boolean }> {
  const { clients, mail } = up.ispconfig
  const client = await clients.getByCustomerNo(customerNo)
  if (!client) return { foreign: false }
  const found = await mail.domainGetByDomain(domain)
  if (!found) return { clientId: client.client_id, foreign: false }
  const ours = found.sys_groupid === (await clients.getGroupid(client.client_id))
  return { clientId: client.client_id, foreign: !ours, ...(ours ? { own: found } : {}) }
}
