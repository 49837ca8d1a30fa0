// Mail of one domain as the world sees it: what ISPConfig holds and what its zone says, compared with what the domain's own name
// servers show. Nothing is kept: the answer is as old as the question.
import { canonical } from '../domain/dns/answer.ts'
import { UpstreamError } from '../domain/errors.ts'
import { policyId } from '../domain/mail/policy.ts'
import { dkimKey, dkimName, dkimSelector, dkimText } from '../domain/mail/dkim.ts'
import { examineMail, mailState, type MailState } from '../doctor/mail-findings.ts'
import type { MailFinding } from '../doctor/mail-finding.ts'
import { gatherMail } from '../doctor/mail-gather.ts'
import { ownMail } from '../resources/mail-rows.ts'
import type { Lent } from './lent.ts'
import { MailRows } from './mail-rows.ts'
import type { CustomerStorage } from './storage.ts'
import { refused, type Answer, type Zones } from './zones.ts'

export interface MailCheck {
  ok: true
  state: MailState | 'being set up'
  findings: MailFinding[]
  /** The DKIM record as it should be; none while there is no key. */
  dkim?: { name: string; text: string }
}

const checkMs = 20_000

export async function checkMail(store: CustomerStorage, lent: Lent, zones: Zones, domain: string): Promise<MailCheck | (Answer & { ok: false })> {
  const { mail, mailHost, nameServers } = lent.settings
  if (!mail) return refused('not-found', 'Mail is not offered here.')
  const rows = new MailRows(store)
  const wish = rows.domain(domain)
  if (!wish) return refused('not-found', `You have no mail for ${domain}.`)
  const up = zones.up(checkMs)
  const [held, found] = await Promise.all([
    ownMail(up, wish).then(({ own }) => (own ? { selector: own.dkim_selector || dkimSelector, key: dkimKey(own.dkim_public) } : undefined), (error: unknown) => orThrow(error, rows.key(domain))),
    zones.find({ name: domain }),
  ])
  const { selector, key } = held ?? { selector: dkimSelector, key: undefined }
  const host = canonical(mailHost)
  try {
    const looks = await gatherMail(up, { domain, selector, mailHost: host, address: mail.address, policy: mail.policy !== undefined })
    const findings = examineMail(looks, {
      domain, mailHost: host, address: mail.address, selector, key, nameServers: ((found.ok ? found.zone.cloudflare?.nameServers : undefined) ?? nameServers).map(canonical),
      policy: mail.policy && { host: canonical(mail.policy.host), id: policyId(mail.policy.text), text: mail.policy.text },
      zone: found.ok ? found.current : undefined,
    })
    const dkim = key === undefined ? {} : { dkim: { name: canonical(dkimName(selector, `${domain}.`)), text: dkimText(key) } }
    const busy = rows.views().some((one) => one.domain === domain && one.state === 'being set up')
    return { ok: true, state: busy ? 'being set up' : mailState(findings), findings, ...dkim }
  } catch (error) {
    return orThrow(error, refused('unavailable', 'The name servers could not be asked at the moment. Please try again in a few minutes.'))
  }
}

/** What is known when an upstream does not answer; our own faults go on. */
function orThrow<T>(error: unknown, instead: T): T {
  if (error instanceof UpstreamError) return instead
  throw error
}
