// A customer's mail domain in ISPConfig, with a DKIM key that it signs with. A domain of another account is never touched. Going, it
// takes its mailboxes, aliases and forwards with it first, because ISPConfig would leave them behind.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { dkimPair } from '../domain/mail/dkim-pair.ts'
import { dkimKey, dkimSelector } from '../domain/mail/dkim.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { ownMail, type MailPlace } from './mail-rows.ts'
import { inPanel } from './panel.ts'

/** `service` is the one whose plan counts its mailboxes. */
export interface MailDomainWish extends MailPlace { service: string }

/** The public key as its record publishes it. */
const Out = z.object({ selector: z.string(), key: z.string() })

/** Things deleted by one call: well within its time. */
const deletesMax = 30

export const mailDomain: Resource<Upstreams, MailDomainWish, z.infer<typeof Out>> = {
  name: 'mail-domain',
  title: 'Mail domain',
  needs: ['dns-client'],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { own, foreign } = await ownMail(up, wish)
    if (foreign) return { state: 'foreign', why: 'the domain has mail in another account on this platform' }
    if (!own) return { state: 'absent' }
    const key = dkimKey(own.dkim_public)
    if (!own.active) return { state: 'present', ok: false, differs: 'not active' }
    if (!own.dkim || !own.dkim_selector || key === undefined) return { state: 'present', ok: false, differs: 'no DKIM key' }
    return { state: 'present', ok: true, out: { selector: own.dkim_selector, key } }
  },

  async make({ up, wish }) {
    const { clientId, own, foreign } = await ownMail(up, wish)
    if (clientId === undefined || foreign) throw new UpstreamError('ispconfig', 'refused', 'the mail domain cannot be made', { landed: true })
    const { mail } = up.ispconfig
    const usable = own?.dkim_selector && dkimKey(own.dkim_public) !== undefined
    // What nobody knows the public half of is worth nothing: a new pair.
    const key = usable ? {} : { dkim_selector: own?.dkim_selector || dkimSelector, ...dkimPair() }
    if (own) await mail.domainUpdate(clientId, own.domain_id, { active: true, dkim: true, ...key })
    else await mail.domainAdd(clientId, { server_id: wish.mailServer, domain: wish.domain, active: true, dkim: true, dkim_selector: dkimSelector, ...dkimPair() })
    return undefined
  },

  async unmake({ up, wish }) {
    const { own } = await ownMail(up, wish)
    if (!own) return undefined
    const { mail } = up.ispconfig
    const [users, aliases, forwards] = [await mail.usersOfDomain(wish.domain), await mail.aliasesOfDomain(wish.domain), await mail.forwardsOfDomain(wish.domain)]
    const all = [
      ...aliases.map(({ forwarding_id: id }) => () => mail.aliasDelete(id)),
      ...forwards.map(({ forwarding_id: id }) => () => mail.forwardDelete(id)),
      ...users.map(({ mailuser_id: id }) => () => mail.userDelete(id)),
    ]
    for (const one of all.slice(0, deletesMax)) await one()
    if (all.length <= deletesMax) await mail.domainDelete(own.domain_id)
    return undefined
  },
}
