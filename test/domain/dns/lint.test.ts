// The laws of a zone, one by one, and the look-ups of SPF.
import { describe, expect, it } from 'vitest'
import { lint, lintChange } from '../../../src/domain/dns/lint.ts'
import { spfLookups } from '../../../src/domain/dns/spf.ts'
import { origin, record, zone } from './zones.ts'

const says = (...lines: string[]): string[] => lint(origin, zone(...lines)).map(({ level, message }) => `${level}: ${message}`)

describe('a zone', () => {
  it('of a usual site and mail has nothing to be said of', () => {
    expect(says('@ A 203.0.113.10', 'www A 203.0.113.10', '@ NS ns1.example.net', '@ NS ns2.example.net', '@ MX 10 mail', 'mail A 203.0.113.12', '@ TXT v=spf1 mx ~all',
      '_dmarc TXT v=DMARC1; p=none', 'shop CNAME shops.example.net', '*.apps A 203.0.113.10', '@ CAA 0 issue letsencrypt.org')).toEqual([])
  })

  it.each<[string, string[], string]>([
    ['a CNAME at the apex', ['@ CNAME www', 'www A 203.0.113.10'],
      'error: A CNAME cannot stand at the top of the zone example.com, where SOA and NS records are; use an A record (or ALIAS) there, or a CNAME for www.'],
    ['a CNAME beside others', ['www CNAME @', 'www A 203.0.113.10', 'www TXT x'],
      'error: www.example.com has a CNAME, so it can have no other records; remove the CNAME or its A, TXT records.'],
    ['two CNAMEs', ['www CNAME a.example.net', 'www CNAME b.example.net'], 'error: www.example.com has 2 CNAME records; there can be only one.'],
    ['an ALIAS beside an address', ['@ ALIAS cdn.example.net', '@ A 203.0.113.10'],
      'error: example.com has an ALIAS, which stands for its addresses; remove the ALIAS or its A and AAAA records.'],
    ['an MX to a CNAME', ['@ MX 10 mail', 'mail CNAME mx.example.net'],
      'error: MX example.com leads to mail.example.com, which is a CNAME; MX records must lead to a name with an address (A or AAAA).'],
    ['an MX to nothing', ['@ MX 10 mail'], 'warning: MX example.com leads to mail.example.com, which has no address in this zone; add an A record for mail.example.com.'],
    ['an NS without glue', ['sub NS ns.sub.example.net', 'other NS ns1'], 'error: NS other.example.com leads to ns1.example.com, which has no address in this zone; add an A record for ns1.example.com.'],
    ['no mail beside mail', ['@ MX 0 .', '@ MX 10 mail.example.net'], 'error: example.com has an MX that says “no mail” (a lone dot) beside others; keep one or the other.'],
    ['two SPF records', ['@ TXT v=spf1 mx ~all', '@ TXT v=spf1 a -all'],
      'error: example.com has 2 SPF records (“v=spf1 …”); receivers then follow none of them. Put their parts into one.'],
    ['two DMARC records', ['_dmarc TXT v=DMARC1; p=none', '_dmarc TXT v=DMARC1; p=reject'], 'error: _dmarc.example.com has 2 DMARC records; receivers then follow none of them.'],
    ['an SPF of nonsense', ['@ TXT v=spf1 mx inlude:example.net ~all'], 'error: The SPF record of example.com has a part that nobody understands: “inlude:example.net”.'],
    ['an SPF for everybody', ['@ TXT v=spf1 +all'], 'warning: The SPF record of example.com lets everybody send mail in this name (“+all”); end it with “~all” or “-all”.'],
    ['an SPF without an end', ['@ TXT v=spf1 mx'], 'warning: The SPF record of example.com does not say what becomes of other senders; end it with “~all” or “-all”.'],
    ['an SPF with ptr', ['@ TXT v=spf1 ptr -all'], 'warning: The SPF record of example.com uses “ptr”, which receivers no longer follow; remove it.'],
    ['the same twice', ['www A 203.0.113.10', 'www A 203.0.113.10'], 'error: www.example.com A 203.0.113.10 is there twice.'],
    ['a record below a delegation', ['sub NS ns.example.net', 'a.sub A 203.0.113.10'],
      'warning: sub.example.com is delegated to other name servers (NS), so a.sub.example.com A is never asked for here.'],
    ['its own name twice', ['www.example.com.example.com. A 203.0.113.10'], 'warning: www.example.com.example.com has the zone’s own name twice; was www.example.com meant?'],
  ])('with %s is told so', (_, lines, words) => {
    expect(says(...lines)).toEqual([words])
  })

  it('with two TTLs in one set is warned', () => {
    const records = [record('@ MX 10 a.example.net', 300), record('@ MX 20 b.example.net', 3_600)]
    expect(lint(origin, records).map(({ message }) => message)).toEqual(['The MX records of example.com have different TTLs; servers give all of them one.'])
  })

  it('that was bad before may be changed, but not made worse', () => {
    const before = zone('@ TXT v=spf1 mx ~all', '@ TXT v=spf1 a ~all')
    expect(lintChange(origin, before, [...before, record('www A 203.0.113.10')])).toEqual([])
    expect(lintChange(origin, before, [...before, record('@ TXT v=spf1 -all')])).toHaveLength(1)
  })
})

describe('the look-ups of SPF', () => {
  const world: Record<string, string[]> = {
    '_spf.a.example': ['other', 'v=spf1 include:_b.a.example include:_c.a.example ~all'],
    '_b.a.example': ['v=spf1 a mx exists:%{i}.example -all'],
    '_c.a.example': ['v=spf1 ip4:203.0.113.0/24 redirect=_b.a.example'],
    'loop.example': ['v=spf1 include:example.com -all'],
    'empty.example': ['nothing'],
  }
  const look = async (text: string): Promise<string[]> =>
    (await spfLookups(record(`@ TXT ${text}`), async (name) => (name === 'silent.example' ? undefined : world[name] ?? []))).map(({ message }) => message)

  it('are counted through includes and redirects', async () => {
    // 1 + 2 (its includes) + 3 + 1 (redirect) + 3 = 10
    expect(await look('v=spf1 include:_spf.a.example -all')).toEqual([])
    expect(await look('v=spf1 include:_spf.a.example mx -all')).toEqual(
      ['The SPF record of example.com makes receivers look up 11 names, 10 are allowed: they would refuse it. Remove an include that is no longer needed.'])
  })

  it('do not follow a redirect that stands beside “all”', async () => {
    expect(await look('v=spf1 redirect=empty.example ~all')).toEqual([])
  })

  it('that lead to themselves or to nothing are told', async () => {
    expect(await look('v=spf1 include:loop.example -all')).toEqual(['The SPF record of example.com includes itself through example.com.'])
    expect(await look('v=spf1 include:empty.example -all')).toEqual(['The SPF record of example.com includes empty.example, which has no SPF record.'])
  })

  it('that nobody answers are not held against the customer', async () => {
    expect(await look('v=spf1 include:silent.example -all')).toEqual([])
  })
})
