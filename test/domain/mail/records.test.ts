// The records of a domain with mail here: what is added, what of the customer's own is kept, and what goes again.
import { describe, expect, it } from 'vitest'
import { lint } from '../../../src/domain/dns/lint.ts'
import { zoneDiff } from '../../../src/domain/dns/zone-diff.ts'
import { told } from '../../../src/domain/dns/record.ts'
import { dkimKey, dkimText, publishedKey } from '../../../src/domain/mail/dkim.ts'
import { dmarcProblem } from '../../../src/domain/mail/dmarc.ts'
import { policyDomain, policyId, policyText } from '../../../src/domain/mail/policy.ts'
import { withMail, withoutMail, type MailFacts } from '../../../src/domain/mail/records.ts'
import { spfWith, spfWithout } from '../../../src/domain/mail/spf.ts'
import { origin, zone } from '../dns/zones.ts'

const text = policyText('mail.example.net.', 'testing')
const facts: MailFacts = { origin, mailHost: 'mail.example.net.', reports: 'postmaster@*', policy: { host: 'policy.example.net.', text } }
const site = ['@ A 203.0.113.10', 'www A 203.0.113.10']
const shown = (...lines: string[]): string[] => withMail(zone(...lines), facts).map(told).sort()

describe('mail here', () => {
  it('is these records beside the site', () => {
    expect(shown(...site)).toEqual([
      '_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.com"',
      `_mta-sts.example.com TXT "v=STSv1; id=${policyId(text)};"`,
      '_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:postmaster@example.com"',
      'example.com A 203.0.113.10',
      'example.com MX 10 mail.example.net.',
      'example.com TXT "v=spf1 mx ~all"',
      'mta-sts.example.com CNAME policy.example.net.',
      'www.example.com A 203.0.113.10',
    ])
  })

  it('keeps what the customer says of failing mail, and of reports', () => {
    const own = ['_dmarc TXT v=DMARC1; p=reject', '_smtp._tls TXT v=TLSRPTv1; rua=mailto:a@example.org']
    for (const line of own) expect(shown(...site, ...own)).toContain(told(zone(line)[0]!))
    expect(shown(...site, ...own).filter((one) => /p=none|postmaster/.test(one))).toEqual([])
  })

  it('wanted twice is the same, and is a zone that nothing is to be said of', () => {
    for (const lines of [site, [...site, '@ MX 5 old.example.org', '@ TXT v=spf1 include:old.example.org -all', '@ TXT v=spf1 a ~all', 'mta-sts A 203.0.113.10', '_mta-sts TXT v=STSv1; id=1']]) {
      const once = withMail(zone(...lines), facts)
      expect(zoneDiff(once, withMail(once, facts))).toEqual([])
      expect(lint(origin, once)).toEqual([])
    }
  })

  it('gone leaves the zone as it was', () => {
    const before = zone(...site, '@ TXT v=spf1 include:news.example.org -all', '@ TXT other', '_dmarc TXT v=DMARC1; p=reject')
    const after = withoutMail(withMail(before, facts), facts)
    expect(zoneDiff(before, after)).toEqual([])
    expect(withoutMail(withMail(zone(...site), facts), facts)).toEqual(zone(...site))
  })

  it('gone touches nothing of the mail server that came after it', () => {
    const after = zone('@ MX 1 smtp.google.com', '@ TXT v=spf1 mx include:_spf.google.com ~all')
    expect(withoutMail(after, facts)).toEqual(after)
  })
})

describe('one SPF record', () => {
  it.each<[string[], string]>([
    [[], 'v=spf1 mx ~all'],
    [['v=spf1 mx -all'], 'v=spf1 mx -all'],
    [['v=spf1 +mx include:a.example -all'], 'v=spf1 +mx include:a.example -all'],
    [['v=spf1 include:a.example -all'], 'v=spf1 mx include:a.example -all'],
    [['v=spf1 ?mx a ?all'], 'v=spf1 mx a ?all'],
    [['v=spf1 a'], 'v=spf1 mx a ~all'],
    [['v=spf1'], 'v=spf1 mx ~all'],
    [['v=spf1 redirect=a.example'], 'v=spf1 mx redirect=a.example'],
    [['v=spf1 a include:x.example -all', 'v=spf1 mx include:x.example ip4:192.0.2.1 ~all'], 'v=spf1 mx a include:x.example ip4:192.0.2.1 -all'],
    [['v=spf1 redirect=a.example', 'v=spf1 a -all'], 'v=spf1 mx include:a.example a -all'],
    [['v=spf1 a -all include:never.example'], 'v=spf1 mx a -all'],
  ])('of %j is %s', (texts, one) => {
    expect(spfWith(texts)).toBe(one)
    expect(spfWith([one])).toBe(one)
  })

  it.each([['v=spf1 mx ~all', undefined], ['v=spf1 mx include:a.example -all', 'v=spf1 include:a.example -all'], ['v=spf1 redirect=a.example', 'v=spf1 redirect=a.example']])('%s without us is %s', (before, after) => {
    expect(spfWithout(before)).toBe(after)
  })
})

describe('the DKIM record', () => {
  it('publishes the key of the PEM, and only a real one', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign', 'verify']) as CryptoKeyPair
    const body = Buffer.from(await crypto.subtle.exportKey('spki', pair.publicKey) as ArrayBuffer).toString('base64')
    const pem = `-----BEGIN PUBLIC KEY-----\r\n${body.replace(/.{64}/g, '$&\r\n')}\r\n-----END PUBLIC KEY-----`
    expect(publishedKey(dkimText(dkimKey(pem)!))).toBe(body)
    for (const wrong of ['', null, undefined, 'x', pem.replaceAll('PUBLIC', 'PRIVATE'), `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----`]) expect(dkimKey(wrong)).toBeUndefined()
  })
})

it.each([
  ['v=DMARC1; p=none', undefined], ['v=DMARC1; p=reject; rua=mailto:a@example.com, mailto:b@example.com; pct=50', undefined],
  ['v=DMARC1; rua=mailto:a@example.com', 'does not say what becomes of mail that fails (p=none, p=quarantine or p=reject)'],
  ['v=DMARC1; p=strict', 'says p=strict, which receivers do not understand'], ['v=DMARC1; p=none; rua=a@example.com', 'says rua=a@example.com, which receivers do not understand'],
])('%s is judged', (record, problem) => {
  expect(dmarcProblem(record)).toBe(problem)
})

it('writes the policy as RFC 8461 has it, and gives it a new id exactly when it changes', () => {
  expect(text).toBe('version: STSv1\r\nmode: testing\r\nmx: mail.example.net\r\nmax_age: 604800\r\n')
  expect(policyId(text)).toMatch(/^[a-z0-9]{1,32}$/)
  expect(policyId(policyText('mail.example.net.', 'enforce'))).not.toBe(policyId(text))
  expect(['mta-sts.example.com', 'MTA-STS.example.com.:8787', 'example.com', 'mta-sts.'].map(policyDomain)).toEqual(['example.com', 'example.com', undefined, undefined])
})
