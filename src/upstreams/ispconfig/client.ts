// ISPConfig as Berth speaks to it, by topic: clients, DNS, mail. No retries, no session, no clock.
// "ok" is not "live": the servers apply changes about once a minute, and the job queue tells how many still wait.

import type { Http } from '../http.ts'
import { Clients } from './clients.ts'
import { Dns } from './dns.ts'
import { Mail } from './mail.ts'
import { Remote } from './remote.ts'
import * as wire from './wire.ts'

/** The verbs over one `Http` whose base URL ends in /ispconfig. All throw UpstreamError and nothing else. */
export class Ispconfig {
  readonly clients: Clients
  readonly dns: Dns
  readonly mail: Mail
  readonly #remote: Remote

  constructor(http: Http) {
    this.#remote = new Remote(http)
    this.clients = new Clients(this.#remote)
    this.dns = new Dns(this.#remote)
    this.mail = new Mail(this.#remote)
  }

  /** monitor_jobqueue_count: changes that the server (0: all of them) has not applied yet. */
  async jobqueueCount(serverId = 0): Promise<number> {
    return this.#remote.call('monitor_jobqueue_count', { server_id: serverId }, wire.count)
  }
}
