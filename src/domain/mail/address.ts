// Mail addresses as customers type them, judged: accepted in one spelling, or refused with the sentence that says what to type.
// Pure. Nobody behind us checks them: ISPConfig stores a forward's typing mistake and loses the mail.
import { ascii, checkedName, shown } from '../dns/host-name.ts'

export type AddressOr = { ok: true; address: string } | { ok: false; sentence: string }

/** ISPConfig's own rule for the login of a mailbox, which is its address. */
const mailboxMax = 64
const localMax = 64
export const destinationsMax = 10

const local = /^[a-z0-9_](?:[a-z0-9_-]|\.(?=[a-z0-9_-])|\+(?=[a-z0-9._-]))*$/

const refused = (sentence: string): AddressOr => ({ ok: false, sentence })

/** Any address that mail can be sent to: lower case, its domain in A-labels. */
export function mailAddress(typed: string): AddressOr {
  const text = typed.trim().toLowerCase()
  const at = text.lastIndexOf('@')
  if (at < 1) return refused(`“${brief(text)}” is no mail address: type it as name@example.com.`)
  const name = text.slice(0, at)
  if (name.length > localMax) return refused(`The part before the @ has ${name.length} characters, ${localMax} are allowed.`)
  if (!local.test(name)) return refused(`“${brief(name)}” cannot stand before the @: letters a–z, digits, dots, hyphens and underscores can, a dot neither first nor last nor twice in a row.`)
  const host = checkedName(`${text.slice(at + 1).replace(/\.$/, '')}.`, { wildcard: false, underscore: false })
  if (!host.ok) return refused(host.problem)
  if (!/\.[a-z0-9-]*[a-z][a-z0-9-]*\.$/.test(host.name)) return refused(`“${brief(text)}” is no mail address: its domain is not complete.`)
  return { ok: true, address: `${name}@${shown(host.name)}` }
}

/** An address of `domain` (A-labels, no dot at the end), typed whole or only the part before the @. */
export function addressOf(typed: string, domain: string): AddressOr {
  const text = typed.trim()
  const read = mailAddress(text.includes('@') ? text : `${text}@${domain}`)
  if (!read.ok) return read
  const { address } = read
  if (domainOf(address) !== domain) return refused(`${address} is not an address of ${domain}.`)
  if (address.includes('+')) return refused('A “+” cannot stand in an address here: name+anything@ already reaches the mailbox of name@.')
  if (address.length > mailboxMax) return refused(`${brief(address)} has ${address.length} characters, ${mailboxMax} are allowed.`)
  return read
}

/** Where a forward leads: 1 to 10 addresses, each once, never the forward itself. */
export function destinationsOf(typed: readonly string[], source: string): { ok: true; addresses: string[] } | { ok: false; sentence: string } {
  if (typed.length === 0) return { ok: false, sentence: 'A forward needs an address that it leads to.' }
  if (typed.length > destinationsMax) return { ok: false, sentence: `A forward can lead to ${destinationsMax} addresses; these are ${typed.length}.` }
  const addresses: string[] = []
  for (const one of typed) {
    const read = mailAddress(one)
    if (!read.ok) return read
    if (read.address === source) return { ok: false, sentence: `${source} cannot be forwarded to itself.` }
    if (!addresses.includes(read.address)) addresses.push(read.address)
  }
  return { ok: true, addresses: addresses.sort() }
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)

/** A domain as mail has it: A-labels, lower case, no dot at the end; undefined when it is none. */
export const mailDomainName = (typed: string): string | undefined => {
  const name = ascii(typed.trim())?.replace(/\.$/, '')
  return name !== undefined && checkedName(`${name}.`, { wildcard: false, underscore: false }).ok && name.includes('.') ? name : undefined
}

/** Why a password cannot be taken, or undefined. ISPConfig wants 8 characters at least; mail programs do not all send others than these. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < 10 || password.length > 128) return 'The password must have 10 to 128 characters.'
  if (!/^[\x21-\x7e]+$/.test(password)) return 'The password can hold letters a–z and A–Z, digits and signs, no spaces and no other letters.'
  if (!/[a-zA-Z]/.test(password) || !/[^a-zA-Z]/.test(password)) return 'The password must hold letters and also digits or signs.'
  return undefined
}

const brief = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text)
