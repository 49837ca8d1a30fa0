// VMID, private address and host name, chosen by the allocator before anything was called. Here they are only confirmed,
// and given back when everything that used them is gone.
import { UpstreamError } from '../domain/errors.ts'
import { Identity } from '../domain/order.ts'
import type { Resource } from '../engine/resource.ts'
import { asked, type Reach } from './reach.ts'

export const address: Resource<Reach, null, Identity> = {
  name: 'address',
  title: 'Address and name',
  needs: [],
  given: true,
  system: 'allocator',
  pools: () => [],
  callTimeoutMs: 10_000,
  busyMs: 60_000,
  pollMs: 1_000,
  output: Identity,
  async observe({ tenant, epoch, up }) {
    const identity = await asked(up.allocator.held(tenant, epoch))
    return identity ? { state: 'present', ok: true, out: identity } : { state: 'absent' }
  },
  async make() {
    throw new UpstreamError('allocator', 'refused', 'these identities were released and are never handed out again', { landed: true })
  },
  async unmake({ tenant, epoch, up }) {
    await asked(up.allocator.release(tenant, epoch))
    return undefined
  },
}
