// The customer's client in ISPConfig: everything that is theirs there belongs to it. Found by the customer number, made when it
// is missing, and never deleted: with it would go whatever else the panel keeps for them.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { inPanel, unknownPassword } from './panel.ts'

export interface DnsClientWish { customerNo: string; username: string; email: string; dnsServer: number; mailServer: number }

const Out = z.object({ clientId: z.int() })

export const dnsClient: Resource<Upstreams, DnsClientWish, z.infer<typeof Out>> = {
  name: 'dns-client',
  title: 'DNS account',
  needs: [],
  ...inPanel,
  output: Out,

  async observe({ up, wish }) {
    const found = await up.ispconfig.clients.getByCustomerNo(wish.customerNo)
    return found ? { state: 'present', ok: true, out: { clientId: found.client_id } } : { state: 'absent' }
  },

  async make({ up, wish }) {
    const { customerNo, username, email, dnsServer, mailServer } = wish
    await up.ispconfig.clients.add({
      customer_no: customerNo, username, email, contact_name: `Customer ${customerNo}`, servers: { dns: dnsServer, mail: mailServer },
      // Kept nowhere: customers do not log in to the panel.
      password: unknownPassword(),
    })
    return undefined
  },

  unmake() {
    return Promise.reject(new UpstreamError('ispconfig', 'refused', 'a client is never deleted', { landed: true }))
  },
}
