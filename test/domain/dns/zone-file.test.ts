// Zone files in and out, differences, templates: what goes out comes back the same, and nothing is dropped in silence.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOf, readRecord, type DnsRecord } from '../../../src/domain/dns/record.ts'
import { changed, inverse, suspicious, zoneDiff } from '../../../src/domain/dns/zone-diff.ts'
import { readZoneFile, writeZoneFile } from '../../../src/domain/dns/zone-file.ts'
import { templateNames, withTemplate } from '../../../src/domain/dns/zone-templates.ts'
import { lint } from '../../../src/domain/dns/lint.ts'
import { origin, record, zone } from './zones.ts'

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => `${labels.join('.')}x.`)
const word = fc.nat(65_535)
const content = fc.oneof(
  fc.record({ type: fc.constant('A'), data: fc.ipV4() }),
  fc.record({ type: fc.constant('AAAA'), data: fc.ipV6().filter((text) => !text.includes('.')) }),
  fc.record({ type: fc.constantFrom('CNAME', 'NS', 'PTR', 'ALIAS'), data: host }),
  fc.record({ type: fc.constant('MX'), priority: word, data: host }),
  fc.record({ type: fc.constant('TXT'), data: fc.string({ unit: 'grapheme', maxLength: 400 }) }),
  fc.record({ type: fc.constant('CAA'), data: fc.constant('0 issue "letsencrypt.org; validationmethods=dns-01"') }),
  fc.record({ type: fc.constant('SRV'), priority: word, data: fc.tuple(word, word, host).map((parts) => parts.join(' ')) }),
)
/** Whatever is read as a record; NS of the apex are the platform's own, so names are below it. */
const anyRecord = fc.tuple(label, content, fc.integer({ min: 60, max: 604_800 })).map(([name, { type, data, ...more }, ttl]) =>
  readRecord({ name: type === 'SRV' ? `_${name}._tcp` : name, type, data, ttl, ...more }, origin)).filter((read) => read.ok).map((read) => read.record)
const anyZone = fc.uniqueArray(anyRecord, { selector: identityOf, maxLength: 12 })
const sorted = (records: readonly DnsRecord[]): string[] => records.map((one) => `${one.ttl} ${identityOf(one)}`).toSorted()

const soa = { ns: 'ns1.example.net.', mbox: 'hostmaster.example.com.', serial: 2026112301, refresh: 86_400, retry: 7_200, expire: 3_600_000, minimum: 3_600, ttl: 3_600 }

describe('a zone file', () => {
  it('that we wrote is read as the same zone', () => {
    fc.assert(fc.property(anyZone, (records) => {
      const file = readZoneFile(writeZoneFile(origin, records, soa), origin)
      expect(file.problems).toEqual([])
      expect(sorted(file.records)).toEqual(sorted(records))
    }), { numRuns: 100, seed: 1 })
  })

  it('never throws, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom('www IN TXT ', '$TTL ', '( ', ''), (text, before) => {
      readZoneFile(before + text, origin)
    }), { numRuns: 100, seed: 2 })
  })

  it('is read as BIND reads it', () => {
    const file = readZoneFile([
      '$ORIGIN example.com.', '$TTL 1h30m ; after a while',
      '@ IN SOA ns1.example.net. hostmaster ( 1', '  2h ; refresh', '  1h 1w 300 )',
      '  NS ns1.example.net.', 'www 300 IN A 203.0.113.10', '    IN 600 AAAA 2001:db8::1', 'mail.example.com. A 203.0.113.12',
      '@ MX 10 mail', 'key TXT ( "v=DKIM1; p=abc"', ' "def" ) ; two strings', 'plain TXT a\\;b', '$ORIGIN sub', 'a CNAME b', 'www RRSIG A 8 2 300 x',
    ].join('\n'), origin)
    expect(file.problems).toEqual([])
    expect(file.records.map(({ name, ttl, type, data }) => `${name} ${ttl} ${type} ${data}`)).toEqual([
      'www.example.com. 300 A 203.0.113.10', 'www.example.com. 600 AAAA 2001:db8::1', 'mail.example.com. 5400 A 203.0.113.12',
      'example.com. 5400 MX mail.example.com.', 'key.example.com. 5400 TXT v=DKIM1; p=abcdef', 'plain.example.com. 5400 TXT a;b', 'a.sub.example.com. 5400 CNAME b.sub.example.com.',
    ])
    expect(file.left.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '3: The SOA record is the server’s own.', '6: The zone’s own NS records stay as they are.', '16: RRSIG records are made by the name server itself.',
    ])
  })

  it.each([
    ['$INCLUDE /etc/passwd', '$INCLUDE is not followed here; write its records out.'],
    ['$GENERATE 1-9 a$ A 203.0.113.$', '$GENERATE is not followed here; write its records out.'],
    ['www CH A 203.0.113.10', 'Only class IN can be taken, not CH.'],
    ['www IN HINFO a b', 'Records of type HINFO cannot be kept here; possible are A, AAAA, CNAME, MX, NS, TXT, SRV, CAA, TLSA, PTR, ALIAS.'],
    ['www IN', 'There is no record type in this line.'],
    ['  A 203.0.113.10', 'The first record has no name.'],
    ['www TXT "open', 'A quotation mark is never closed.'],
    ['www TXT ( "a"', 'The bracket that opens here is never closed.'],
    ['www A 203.0.113.10 )', 'There is a closing bracket without an opening one.'],
    ['a\\.b A 203.0.113.10', '“a\\.b.example.com.” is not a name: the part “a\\” has other characters than letters, digits and hyphens.'],
    ['other.example.net. A 203.0.113.10', 'other.example.net does not lie in the zone example.com.'],
  ])('with “%s” says so, with its line', (line, message) => {
    expect(readZoneFile(`; first\n${line}\n`, origin).problems).toEqual([{ line: 2, message }])
  })
})

describe('a difference', () => {
  it('leads from one zone to the other, and its inverse leads back', () => {
    fc.assert(fc.property(anyZone, anyZone, (before, after) => {
      const plan = zoneDiff(before, after)
      expect(sorted(changed(before, plan))).toEqual(sorted(after))
      expect(sorted(changed(after, inverse(plan)))).toEqual(sorted(before))
      expect(zoneDiff(after, after)).toEqual([])
    }), { numRuns: 100, seed: 3 })
  })

  it('tells a new value at the same name as an update', () => {
    const [before, after] = zone('www A 203.0.113.10', 'www A 203.0.113.11') as [DnsRecord, DnsRecord]
    expect(zoneDiff([before], [after])).toEqual([{ action: 'update', before, after }])
    expect(zoneDiff([before], [{ ...before, ttl: 60 }])).toMatchObject([{ action: 'update' }])
  })

  it('that deletes much of a larger zone is suspicious', () => {
    const many = Array.from({ length: 20 }, (_, i) => record(`h${i} A 203.0.113.${i}`))
    expect(suspicious(many, zoneDiff(many, many.slice(8)))).toBe('This would delete 8 and change 0 of 20 records. If that is meant, confirm it.')
    expect(suspicious(many, zoneDiff(many, many.slice(6)))).toBeUndefined()
    expect(suspicious(many.slice(0, 9), zoneDiff(many.slice(0, 9), []))).toBeUndefined()
  })
})

describe('a template', () => {
  const facts = { origin, ttl: 3_600, proxyIp: '203.0.113.10', mailHost: 'mail.berth.example.' }
  const site = zone('@ A 198.51.100.7', 'www CNAME @', '@ MX 5 old.example.net', '@ TXT v=spf1 a -all', '@ TXT kept', 'blog A 203.0.113.10')

  it.each(templateNames)('%s leaves a zone without a fault, however often it is used', (name) => {
    const once = withTemplate(name, site, facts)
    expect(lint(origin, once)).toEqual([])
    expect(zoneDiff(once, withTemplate(name, once, facts))).toEqual([])
    expect(once).toContainEqual(record('@ TXT kept'))
  })
})
