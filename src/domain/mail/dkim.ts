// DKIM's public half: what ISPConfig holds as PEM is what the record must say. Private keys never come here.
// https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1
import type { DnsRecord } from '../dns/record.ts'

/** What we name the keys that we make; one that somebody named otherwise in the panel is published under its own name. */
export const dkimSelector = 'berth'

/** Where a key is published; `origin` absolute. */
export const dkimName = (selector: string, origin: string): string => `${selector}._domainkey.${origin}`

/** The key of a PEM (SubjectPublicKeyInfo) as it stands in a record; undefined when this is no 1024-bit or longer RSA key. */
export function dkimKey(pem: string | null | undefined): string | undefined {
  const body = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem ?? '')?.[1]?.replace(/\s+/g, '')
  return body !== undefined && isKey(body) ? body : undefined
}

/** rsaEncryption, in the SubjectPublicKeyInfo of every RSA key. */
const rsa = '06092a864886f70d010101'

const isKey = (base64: string): boolean => {
  const der = Buffer.from(base64, 'base64')
  return der.length >= 160 && der[0] === 0x30 && der.subarray(0, 30).toString('hex').includes(rsa)
}

export const dkimText = (key: string): string => `v=DKIM1; k=rsa; p=${key}`

/** The key that a record publishes; empty when it was withdrawn, undefined when the text is no DKIM record. */
export function publishedKey(text: string): string | undefined {
  const tags = tagsOf(text)
  if (tags.has('v') && tags.get('v') !== 'DKIM1') return undefined
  return tags.get('p')?.replace(/\s+/g, '')
}

export const isDkim = (record: DnsRecord, name: string): boolean => record.name === name && record.type === 'TXT' && publishedKey(record.data) !== undefined

/** `a=b; c=d` as DKIM, DMARC and TLS-RPT write it; the first of two equal tags counts. */
export function tagsOf(text: string): Map<string, string> {
  const tags = new Map<string, string>()
  for (const part of text.split(';')) {
    const [, name, value = ''] = /^\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$/s.exec(part) ?? []
    if (name !== undefined && !tags.has(name.toLowerCase())) tags.set(name.toLowerCase(), value)
  }
  return tags
}
