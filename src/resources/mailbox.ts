// A mailbox of a customer's mail domain. It is made with a password that nobody knows; the customer's own never comes here: it is set
// by a call of its own that is kept nowhere (docs/decisions/0015-passwords-of-mailboxes.md).
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { ownMail, type MailPlace } from './mail-rows.ts'
import { inPanel, unknownPassword } from './panel.ts'

export interface MailboxWish extends MailPlace { address: string; quotaMb: number }

const Out = z.object({ id: z.int() })

export const mailbox: Resource<Upstreams, MailboxWish, z.infer<typeof Out>> = {
  name: 'mailbox',
  title: 'Mailbox',
  needs: ['dns-client'],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { user } = await look(up, wish)
    if (!user) return { state: 'absent' }
    const ok = user.quota === bytes(wish) && user.postfix
    return ok ? { state: 'present', ok, out: { id: user.mailuser_id } } : { state: 'present', ok: false, differs: user.postfix ? 'size' : 'not active' }
  },

  async make({ up, wish }) {
    const { clientId, user } = await look(up, wish)
    if (clientId === undefined) throw new UpstreamError('ispconfig', 'refused', `the mail domain ${wish.domain} is not there`, { landed: true })
    const { mail } = up.ispconfig
    if (user) await mail.userUpdate(clientId, user.mailuser_id, { quota: bytes(wish), active: true })
    else await mail.userAdd(clientId, { server_id: wish.mailServer, email: wish.address, password: unknownPassword(), name: '', quota: bytes(wish), active: true })
    return undefined
  },

  async unmake({ up, wish }) {
    const { user } = await look(up, wish)
    if (user) await up.ispconfig.mail.userDelete(user.mailuser_id)
    return undefined
  },
}

const bytes = ({ quotaMb }: MailboxWish): number => quotaMb * 1_048_576

/** `clientId` only where the mail domain is the customer's own. */
async function look(up: Upstreams, wish: MailboxWish) {
  const { clientId, own } = await ownMail(up, wish)
  if (clientId === undefined || !own) return {}
  const user = (await up.ispconfig.mail.usersOfDomain(wish.domain)).find(({ email }) => email.toLowerCase() === wish.address)
  return { clientId, user }
}

/** Sets the customer's password, directly: nothing of it is kept. False when the mailbox is not there. Throws UpstreamError. */
export async function setPassword(up: Upstreams, wish: MailboxWish, password: string): Promise<boolean> {
  const { clientId, user } = await look(up, wish)
  if (clientId === undefined || !user) return false
  await up.ispconfig.mail.userUpdate(clientId, user.mailuser_id, { password })
  return true
}
