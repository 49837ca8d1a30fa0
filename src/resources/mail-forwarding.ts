// Aliases and forwards of a customer's mail domain: the same row in ISPConfig, told apart by its type. Sources are not unique there,
// so each is looked for first, one is changed and every other of the same source goes.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { MailForwarding } from '../upstreams/ispconfig/wire.ts'
import { ownMail, type MailPlace } from './mail-rows.ts'
import { inPanel } from './panel.ts'

/** `destinations` in order; an alias has one. */
export interface MailForwardingWish extends MailPlace { address: string; destinations: string[] }

const Out = z.object({ id: z.int() })

interface Kind {
  all(up: Upstreams, domain: string): Promise<MailForwarding[]>
  add(up: Upstreams, clientId: number, settings: Settings): Promise<number>
  update(up: Upstreams, clientId: number, id: number, settings: Settings): Promise<number>
  remove(up: Upstreams, id: number): Promise<void>
}
interface Settings { server_id: number; source: string; destination: string; active: boolean }

const kind = (name: string, title: string, verbs: Kind): Resource<Upstreams, MailForwardingWish, z.infer<typeof Out>> => ({
  name,
  title,
  needs: ['dns-client'],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { rows } = await look(up, wish, verbs)
    const [first, ...more] = rows
    if (!first) return { state: 'absent' }
    if (more.length > 0) return { state: 'present', ok: false, differs: 'there more than once' }
    const ok = first.active && listOf(first.destination) === wish.destinations.join()
    return ok ? { state: 'present', ok, out: { id: first.forwarding_id } } : { state: 'present', ok: false, differs: first.active ? 'destination' : 'not active' }
  },

  async make({ up, wish }) {
    const { clientId, rows } = await look(up, wish, verbs)
    if (clientId === undefined) throw new UpstreamError('ispconfig', 'refused', `the mail domain ${wish.domain} is not there`, { landed: true })
    const settings = { server_id: wish.mailServer, source: wish.address, destination: wish.destinations.join(','), active: true }
    const [first, ...more] = rows
    if (first) await verbs.update(up, clientId, first.forwarding_id, settings)
    else await verbs.add(up, clientId, settings)
    for (const one of more) await verbs.remove(up, one.forwarding_id)
    return undefined
  },

  async unmake({ up, wish }) {
    const { rows } = await look(up, wish, verbs)
    for (const row of rows) await verbs.remove(up, row.forwarding_id)
    return undefined
  },
})

export const mailAlias = kind('mail-alias', 'Mail alias', {
  all: (up, domain) => up.ispconfig.mail.aliasesOfDomain(domain),
  add: (up, clientId, settings) => up.ispconfig.mail.aliasAdd(clientId, settings),
  update: (up, clientId, id, settings) => up.ispconfig.mail.aliasUpdate(clientId, id, settings),
  remove: (up, id) => up.ispconfig.mail.aliasDelete(id),
})

export const mailForward = kind('mail-forward', 'Mail forward', {
  all: (up, domain) => up.ispconfig.mail.forwardsOfDomain(domain),
  add: (up, clientId, settings) => up.ispconfig.mail.forwardAdd(clientId, settings),
  update: (up, clientId, id, settings) => up.ispconfig.mail.forwardUpdate(clientId, id, settings),
  remove: (up, id) => up.ispconfig.mail.forwardDelete(id),
})

/** `clientId` only where the mail domain is the customer's own. */
async function look(up: Upstreams, wish: MailForwardingWish, verbs: Kind): Promise<{ clientId?: number; rows: MailForwarding[] }> {
  const { clientId, own } = await ownMail(up, wish)
  if (clientId === undefined || !own) return { rows: [] }
  const all = await verbs.all(up, wish.domain)
  return { clientId, rows: all.filter(({ source }) => source.toLowerCase() === wish.address).toSorted((a, b) => a.forwarding_id - b.forwarding_id) }
}

/** ISPConfig keeps destinations with commas, blanks or line breaks between. */
const listOf = (text: string): string => text.toLowerCase().split(/[\s,;]+/).filter((one) => one !== '').sort().join()
