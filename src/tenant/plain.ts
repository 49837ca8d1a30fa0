// A reason as a customer may read it. What an upstream said names nodes, paths and internals: that stays in the journal and
// the operator's audit; the customer hears who did not do their part and what happens now.
import type { System } from '../domain/errors.ts'

const who: Record<System, string> = {
  allocator: 'the list of addresses', proxmox: 'the cluster', linstor: 'the storage', npm: 'the web proxy', cloudflare: 'the DNS service', ispconfig: 'the DNS and mail service', gateway: 'the gateway', dns: 'public DNS',
}

/** A request line as the clients write it before what came of it, and what a row or a cause puts before that. */
const technical = /(?:\bno answer: |\b[a-z]+: )?\b(?:GET|POST|PUT|PATCH|DELETE) \/\S*: (.*)$/s

/** The text without its technical part; other texts are written for people and stay as they are. */
export function plain(text: string, system: System | undefined): string {
  const whose = system ? who[system] : 'a system behind it'
  return text.replace(/ \(heard last: .*\)$/s, '').replace(/task failed: .*$/s, `${whose} could not do it`).replace(technical, (_, came: string) => told(came, whose))
}

function told(came: string, whose: string): string {
  if (/log-in page|^40[13]\b/.test(came)) return `${whose} did not let us in`
  if (/^429\b/.test(came)) return `${whose} asked us to come back later`
  if (/^4\d\d\b/.test(came)) return `${whose} refused it`
  if (/^[25]\d\d\b/.test(came)) return `${whose} could not do it`
  return `${whose} did not answer`
}
