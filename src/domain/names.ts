// Names and ownership marks, computed from identities. Never from a clock, never from personal data unless the operator says so.
import { createHash } from 'node:crypto'

/** Whose services the sites built ahead for nobody are. No billing connection can be called so. */
export const poolConnection = 'berth.pool'

/** The key of a tenant: stable, opaque, safe in tags, paths and object names. One billing service of one connection, or a site built ahead (`p`). */
export function tenantKey(connection: string, service: string): string {
  return (connection === poolConnection ? 'p' : 't') + createHash('sha256').update(JSON.stringify([connection, service])).digest('hex').slice(0, 20)
}

/** The key of a customer's own object: one billing user of one connection. Never the key of a tenant. */
export function customerKey(connection: string, user: string): string {
  return 'c' + createHash('sha256').update(JSON.stringify([connection, 'customer', user])).digest('hex').slice(0, 20)
}

/** Is this the key of a customer, not of a tenant? */
export const isCustomer = (key: string): boolean => key.startsWith('c')

/** The generic name of a container that was built ahead for nobody: first label of the address that its WordPress knows before it is somebody's. */
export const spareName = (vmid: number): string => `pool-${vmid}`

/** The mark that everything we create upstream bears, e.g. `berth-t0123…-e1`. Valid as a Proxmox tag. */
export const mark = (tenant: string, epoch: number): string => `berth-${tenant}-e${epoch}`

/** What a TXT record must hold to show that a domain belongs to this tenant's site. Not secret: it is published. */
export const domainToken = (tenant: string): string => `berth-site=${createHash('sha256').update(`domain ${tenant}`).digest('hex').slice(0, 32)}`

/** The mark where a system takes only a number: 28 bits of it. */
export const numberMark = (text: string): number => Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 7), 16)

/** True when a free text, comment or tag list carries exactly this mark. */
export const bears = (text: string | undefined, wanted: string): boolean =>
  (text ?? '').split(/[\s;,]+/).includes(wanted)

const adjectives = ('able amber apt blue bold brave brisk calm clear cosy crisp dawn deep dry early easy fair fast fine firm fond free fresh glad gold good ' +
  'grand green keen kind late light live long loud lucky merry mild neat new nimble noble open plain proud quick quiet rapid rare ready rich ripe round ' +
  'safe sharp shiny silver smart snug soft solid spry still sunny swift tall tidy true vivid warm wide wise young').split(' ')
const nouns = ('acorn anchor apple ash badger bay beacon birch brook canal cape cedar cliff cloud clover comet coral cove crane creek delta dune eagle elm ' +
  'ember falcon fern field finch fjord forest fox garden glade grove gull harbor hazel heron hill island jetty kite lagoon lake lark leaf lily linden ' +
  'maple marsh meadow mill moon moss oak ocean orchard otter owl pearl pier pine plum pond quay raven reef river robin rose sail seal shore sparrow ' +
  'spring star stone stream swan tide trail tulip valley wave willow wren').split(' ')
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A host label such as `quiet-otter-7f3k`; `random` answers numbers in [0, 1). */
export function randomLabel(random: () => number): string {
  const pick = <T>(list: ArrayLike<T>): T => list[Math.floor(random() * list.length)]!
  const suffix = Array.from({ length: 4 }, () => pick(alphabet)).join('')
  return `${pick(adjectives)}-${pick(nouns)}-${suffix}`
}

/** The seed's scheme: the local part of the address, lower-cased and reduced to letters, digits and hyphens. */
export function labelFromEmail(email: string, random: () => number, collision: boolean): string {
  const local = (email.split('@')[0] ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40)
  const base = local || 'site'
  if (!collision) return base
  return `${base}-${Array.from({ length: 4 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')}`
}
