// What a customer typed as a domain name, judged: accepted in one spelling (A-labels, lower case), or refused with the sentence
// that says what to type instead. Pure, and never throws on any text. Endings are those of the Public Suffix List.
import { parse } from 'tldts'
import { canonical } from './dns/answer.ts'

export interface DomainName {
  /** The one spelling; `www.` of a registered domain is left out: `www.Bücher.de` is `xn--bcher-kva.de`. */
  name: string
  /** The registered domain that the name belongs to; ownership is proved here. */
  apex: string
  /** What the site answers to: a registered domain and its `www.`, or the one name below it. */
  names: string[]
  /** As the customer wrote it, for showing: lower case, no dot at the end. */
  shown: string
}

export type Judged = { ok: true; domain: DomainName } | { ok: false; sentence: string }

const refused = (sentence: string): Judged => ({ ok: false, sentence })

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const ipv4 = /^[\d.]+$|(?:^|\.)0x[\da-f]*$|(?:^|\.)\d+$/i
/** Endings that are listed or in daily use, but that no certificate authority and no visitor can look up (RFC 6761, 7686, 9476). */
const notPublic = new Set(['localhost', 'local', 'internal', 'lan', 'home', 'corp', 'test', 'invalid', 'onion', 'arpa', 'alt'])
const nameMax = 253
const typedMax = 1_000

/** Judges `typed`; `platformZone` is where the platform's own site names live. */
export function domainName(typed: string, platformZone: string): Judged {
  const text = typed.trim()
  const form = wrongForm(text)
  if (form) return refused(form)
  const shown = text.normalize('NFC').toLowerCase().replace(/[.。]$/u, '')
  const ascii = aLabels(shown)
  if (ascii === undefined) return refused(`"${clip(shown)}" holds letters that cannot stand in a domain name: check the spelling, or type it as your registrar writes it (xn--…).`)
  if (ipv4.test(ascii)) return refused('This is an IP address: type a domain name, such as example.com.')
  const shape = wrongShape(ascii)
  if (shape) return refused(shape)
  if (within(ascii, canonical(platformZone))) return refused(`Names below ${canonical(platformZone)} belong to the platform and are given out by it: type a domain name that you have registered.`)
  const last = ascii.slice(ascii.lastIndexOf('.') + 1)
  if (notPublic.has(last)) return refused(ending(last))
  const { domain: apex, isIcann, isPrivate } = parse(ascii, { allowPrivateDomains: true, extractHostname: false, validateHostname: false })
  if (!isIcann && !isPrivate) return refused(ending(last))
  if (!apex) return refused(`"${ascii}" is an ending under which domains are registered, not a domain: type the whole name, such as example.${ascii}.`)
  const name = ascii === `www.${apex}` ? apex : ascii
  return { ok: true, domain: { name, apex, names: name === apex ? [apex, `www.${apex}`] : [name], shown: name === ascii ? shown : shown.replace(/^www[.。]/u, '') } }
}

function wrongForm(text: string): string | undefined {
  if (text === '') return 'Type a domain name, such as example.com.'
  if (text.length > typedMax) return `A domain name has at most ${nameMax} characters: type just the name, such as example.com.`
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `Leave out "${clip(text.slice(0, text.indexOf('//') + 2))}" and whatever follows the name: type just the domain name, such as example.com.`
  if (text.includes('@')) return 'This is an e-mail address: type just the part after the @.'
  if (/^\[?[\da-f]*:[\da-f:.]*\]?$/i.test(text) && text.split(':').length > 2) return 'This is an IP address: type a domain name, such as example.com.'
  if (/[/?#\\]/.test(text)) return 'Leave out everything after the name, from the first slash on: type just the domain name, such as example.com.'
  if (text.includes(':')) return 'Leave out the colon and the port: type just the domain name, such as example.com.'
  if (text.includes('*')) return 'A name with a star cannot be added: add every name by itself; example.com brings www.example.com along.'
  if (text.includes('_')) return 'A web address cannot hold an underscore: type the name that visitors shall use, such as example.com.'
  if (/\s/.test(text)) return 'A domain name holds no spaces: type one name, such as example.com.'
  if (/[\0-,;-@[-`{-\x7f]/.test(text)) return 'A domain name holds letters, digits, hyphens and dots: type just the name, such as example.com.'
  return undefined
}

function wrongShape(ascii: string): string | undefined {
  if (ascii.length > nameMax) return `A domain name has at most ${nameMax} characters; this one has ${ascii.length}.`
  const labels = ascii.split('.')
  if (labels.includes('')) return 'There is a dot too many: type the name with one dot between its parts, such as example.com.'
  const long = labels.find((one) => one.length > 63)
  if (long) return `Each part of a domain name has at most 63 characters; "${clip(long)}" is longer.`
  const odd = labels.find((one) => !label.test(one))
  if (odd) return `"${clip(odd)}" cannot be a part of a domain name: parts hold letters, digits and hyphens, and neither begin nor end with a hyphen.`
  if (labels.length === 1) return labels[0] === 'localhost' ? ending('localhost') : `"${clip(ascii)}" has no ending: type the whole name, such as ${clip(ascii)}.com.`
  return undefined
}

/** UTS 46 as browsers do it; undefined when the text cannot be a host. */
function aLabels(text: string): string | undefined {
  // The URL parser would take digits for an address and rewrite them.
  if (ipv4.test(text)) return text
  try {
    // A dot too many is ours to report.
    return new URL(`http://${text}`).hostname
  } catch {
    return /^[\x21-\x7e]+$/.test(text) && !/(?:^|\.)xn--/.test(text) ? text : undefined
  }
}

const within = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)

const ending = (last: string): string => `".${clip(last)}" is no ending of the public Internet: check the spelling, or register a domain first.`

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
