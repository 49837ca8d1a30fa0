// The hono app: request id, mounts, errors. Every route is mounted through the access table.
import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import type { App } from './access.ts'
import { adopt } from './adopt.ts'
import { audit } from './audit.ts'
import { exports } from './export.ts'
import { health } from './health.ts'
import { mail } from './mail.ts'
import { operator } from './operator.ts'
import { orders } from './orders/orders.ts'
import { overrides } from './overrides.ts'
import { actions } from './paymenter/actions.ts'
import { backups } from './paymenter/backups.ts'
import { domains } from './paymenter/domains.ts'
import { sites } from './paymenter/sites.ts'
import { support } from './paymenter/support.ts'
import { zones } from './paymenter/zones.ts'
import { onError, Problem } from './problems.ts'
import { reference } from './reference.ts'
import { reports } from './reports.ts'
import { siteTools } from './site-tools.ts'
import { zoneTools } from './zone-tools.ts'

export function app(): Hono<App> {
  const all = new Hono<App>()
  all.use(requestId({ limitLength: 64 }))
  all.onError(onError)
  all.notFound(() => {
    throw new Problem('not-found', 'There is no such address here.')
  })
  health(all)
  sites(all)
  actions(all)
  backups(all)
  domains(all)
  siteTools(all)
  support(all)
  zones(all)
  zoneTools(all)
  mail(all)
  orders(all)
  operator(all)
  overrides(all)
  exports(all)
  adopt(all)
  audit(all)
  reports(all)
  reference(all)
  return all
}
