// How one record is read from what people write, and what each wrong one is told.
import { describe, expect, it } from 'vitest'
import { digestOf, readRecord } from '../../../src/domain/dns/record.ts'
import { quoted, split, textAsWritten } from '../../../src/domain/dns/text-strings.ts'
import { fromProxyWord } from '../../../src/domain/dns/proxysrv.ts'
import { origin, reading, record } from './zones.ts'

const problem = (line: string, ttl?: number): string => {
  const read = reading(line, ttl)
  return read.ok ? 'no problem' : read.problem
}

describe('a record', () => {
  it.each([
    ['@ A 203.0.113.10', 'example.com.', '203.0.113.10'],
    ['www A 203.0.113.10', 'www.example.com.', '203.0.113.10'],
    ['www.example.com A 203.0.113.10', 'www.example.com.', '203.0.113.10'],
    ['WWW.Example.COM. AAAA 2001:DB8:0::10', 'www.example.com.', '2001:db8::10'],
    ['* CNAME www', '*.example.com.', 'www.example.com.'],
    ['shop cname shops.example.net', 'shop.example.com.', 'shops.example.net.'],
    ['bücher A 203.0.113.10', 'xn--bcher-kva.example.com.', '203.0.113.10'],
    ['@ MX 10 @', 'example.com.', 'example.com.'],
    ['@ MX 0 .', 'example.com.', '.'],
    ['_dmarc TXT "v=DMARC1; p=none"', '_dmarc.example.com.', 'v=DMARC1; p=none'],
    ['k._domainkey TXT "v=DKIM1; " "p=abc"', 'k._domainkey.example.com.', 'v=DKIM1; p=abc'],
    ['_sip._tcp SRV 1 05 5060 sip', '_sip._tcp.example.com.', '5 5060 sip.example.com.'],
    ['@ CAA 0 ISSUE letsencrypt.org', 'example.com.', '0 issue "letsencrypt.org"'],
    [`_443._tcp TLSA 3 1 1 ${'AB'.repeat(32)}`, '_443._tcp.example.com.', `3 1 1 ${'ab'.repeat(32)}`],
    ['4 PTR host.example.net', '4.example.com.', 'host.example.net.'],
    ['@ ALIAS cdn.example.net.', 'example.com.', 'cdn.example.net.'],
  ])('%s is kept in one form', (line, name, data) => {
    expect(record(line)).toMatchObject({ name, data })
  })

  it.each([
    ['www A 203.0.113.300', '“203.0.113.300” is not an IPv4 address such as 203.0.113.10.'],
    ['www AAAA 203.0.113.3', '“203.0.113.3” is not an IPv6 address such as 2001:db8::10.'],
    ['@ MX 10 203.0.113.12', 'An MX leads to a host name, not to an address: 203.0.113.12 needs a name with an A or AAAA record first.'],
    ['@ MX 70000 mail', 'The priority of example.com must be a whole number from 0 to 65535.'],
    ['www.example.net. A 203.0.113.10', 'www.example.net does not lie in the zone example.com.'],
    ['a_b A 203.0.113.10', '“a_b.example.com.” is not a name: “_” cannot stand here (in “a_b”).'],
    ['a..b A 203.0.113.10', '“a..b.example.com.” is not a name: there is an empty part between two dots.'],
    ['-a A 203.0.113.10', '“-a.example.com.” is not a name: the part “-a” begins or ends with a hyphen.'],
    ['a*b A 203.0.113.10', '“a*b.example.com.” is not a name: “*” may only stand alone, as its first part.'],
    ['www CNAME a/b.example.net', '“a/b.example.net.” is not a name: the part “a/b” has other characters than letters, digits and hyphens.'],
    [`${'a'.repeat(64)} A 203.0.113.10`, `“${'a'.repeat(64)}.example.com.” is not a name: the part “${'a'.repeat(64)}” has 64 characters, 63 are allowed.`],
    [`${'a'.repeat(40)}.${'b'.repeat(40)} A 203.0.113.10`, `The name ${'a'.repeat(40)}.${'b'.repeat(40)} has 81 characters; an A here can have 64 before example.com.`],
    ['sip SRV 0 5 5060 sip', 'The name of an SRV begins with _service._protocol, e.g. _sip._tcp; sip.example.com does not.'],
    ['_sip._tcp SRV 0 5060 sip', 'An SRV needs weight, port and host, e.g. “5 5060 sip.example.com”.'],
    ['@ CAA 0 sell letsencrypt.org', 'A CAA can have the tags issue, issuewild, issuemail, iodef; “sell” is none of them.'],
    ['_443._tcp TLSA 3 1 1 abcd', 'The hash of _443._tcp.example.com has 4 hexadecimal digits; matching type 1 needs 64.'],
    ['www HINFO x', 'Records of type HINFO cannot be kept here; possible are A, AAAA, CNAME, MX, NS, TXT, SRV, CAA, TLSA, PTR, ALIAS.'],
    ['@ TXT ""', 'The text of example.com is empty.'],
    ['www CNAME ', 'A CNAME needs the name of a host.'],
  ])('%s is refused in words that help', (line, words) => {
    expect(problem(line)).toBe(words)
  })

  it('has a name of at most 253 characters', () => {
    expect(problem(`${`${'a'.repeat(60)}.`.repeat(4)}b A 203.0.113.10`)).toContain('characters, 253 are allowed')
  })

  it.each([59, 604_801, 60.5, Number.NaN])('of TTL %d is refused', (ttl) => {
    expect(problem('www A 203.0.113.10', ttl)).toBe('The TTL of www.example.com must be a whole number of seconds from 60 to 604800 (a week).')
  })

  it('is the same however it is written, and another one with other content', () => {
    expect(digestOf(record('WWW a 203.0.113.10', 60))).toBe(digestOf(record('www.example.com. A 203.0.113.10')))
    expect(digestOf(record('@ MX 10 mail'))).not.toBe(digestOf(record('@ MX 20 mail')))
  })

  it('of the proxy may be written with the extension’s word', () => {
    const written = { name: 'www', type: 'A', ttl: 300, data: fromProxyWord(' proxysrv ', '203.0.113.10') }
    expect(readRecord(written, origin)).toMatchObject({ ok: true, record: { data: '203.0.113.10' } })
  })
})

describe('a long text', () => {
  it('is split into strings of 255 octets, never through a character', () => {
    const text = 'ä'.repeat(200)
    expect(split(text).map((part) => new TextEncoder().encode(part).length)).toEqual([254, 146])
    expect(textAsWritten(quoted(text))).toBe(text)
  })

  it('keeps quotes and backslashes', () => {
    expect(quoted('a "b" \\c')).toBe('"a \\"b\\" \\\\c"')
    expect(textAsWritten(quoted('a "b" \\c'))).toBe('a "b" \\c')
  })
})
