// The doctor, finding by finding, against the lab's Internet: real client, real gateway.
import { describe, expect, it } from 'vitest'
import { delegate, otherServers, record, register, registrarServers, setRecords } from '../../lab/dns/internet.ts'
import { codes } from '../../src/doctor/finding.ts'
import { a, expected, good, internet, proxy } from './rig.ts'

const ours = [...expected.nameServers]
const hereOnOurs = (origin: string) => ({
  origin: `${origin}.`, ns: `${ours[0]}.`, mbox: `hostmaster.${origin}.`, minimum: 3600, serial: 2026112301, active: true,
  records: [...ours.map((one) => ({ name: `${origin}.`, type: 'NS', data: `${one}.`, aux: 0, ttl: 3600 })), ...[origin, `www.${origin}`].map((name) => ({ name: `${name}.`, type: 'A', data: proxy, aux: 0, ttl: 3600 }))],
})

describe('the doctor', () => {
  it('finds nothing wrong with a domain that leads here, and says that mail stays', async () => {
    const { domain, examine } = internet()
    domain([...good, record('example.com', 'MX', '10 mx.mail.example')])
    const { all, of } = await examine()
    expect(all.map((one) => `${one.code} ${one.name}`)).toEqual(['leads-here example.com', 'leads-here www.example.com', 'mail-stays example.com'])
    expect(of('mail-stays').sentence).toBe('Mail for example.com goes to mx.mail.example; the web site does not change that.')
  })

  it('says when nobody has registered the domain', async () => {
    const { all } = await internet().examine()
    expect(all).toEqual([{ code: 'not-registered', severity: 'error', name: 'example.com', sentence: 'example.com is not registered.', cure: 'Check the spelling, or register example.com at a registrar.' }])
  })

  it('says when the name servers of the delegation do not answer', async () => {
    const { domain, world, examine } = internet()
    domain(good)
    delegate(world, 'example.com', otherServers)
    const { codes: found, of } = await examine()
    expect(found).toEqual(['no-answer example.com'])
    expect(of('no-answer').sentence).toContain('ns1.provider.example and ns2.provider.example')
    delegate(world, 'example.com', ['ns1.gone.example'])
    expect((await examine()).codes).toEqual(['no-answer example.com'])
  })

  it('says when a zone is missing here, and when only one of our name servers is in the delegation', async () => {
    const { domain, world, examine } = internet()
    domain(good)
    delegate(world, 'example.com', ours)
    expect((await examine()).codes).toEqual(['no-zone-here example.com'])
    const mixed = internet()
    mixed.domain(good)
    delegate(mixed.world, 'example.com', [ours[0]!, registrarServers[0]!])
    const { codes: found, of } = await mixed.examine({ zone: 'theirs' })
    expect(found).toEqual(expect.arrayContaining(['half-delegated example.com', 'mixed-delegation example.com']))
    expect(of('half-delegated').cure).toBe(`At your registrar, enter exactly ${ours[0]} and ${ours[1]} as the name servers of example.com.`)
  })

  it('is content with a domain on both of our name servers', async () => {
    const { world, examine, served } = internet()
    register(world, 'example.com')
    delegate(world, 'example.com', ours)
    for (const zones of [served.ns1, served.ns2]) zones.push(hereOnOurs('example.com'))
    expect((await examine({ zone: 'theirs' })).codes).toEqual(['leads-here example.com', 'leads-here www.example.com'])
  })

  it('tells broken DNSSEC from silence', async () => {
    const { domain, world, examine } = internet()
    domain(good)
    delegate(world, 'example.com', registrarServers, true)
    const { codes: found, of } = await examine()
    expect(found).toEqual(['dnssec-broken example.com'])
    expect(of('dnssec-broken').cure).toBe('Delete the DS records of example.com (DNSSEC) at your registrar.')
    const signed = internet()
    signed.domain(good, { signed: true })
    delegate(signed.world, 'example.com', registrarServers, true)
    expect((await signed.examine()).codes).toEqual(['leads-here example.com', 'leads-here www.example.com'])
  })

  it.each([
    ['no address', [a('www.example.com')], 'no-address', 'Add the A record example.com with the address 203.0.113.10.'],
    ['another server', [a('example.com', '198.51.100.7'), a('www.example.com')], 'points-elsewhere', 'Change the A record of example.com to 203.0.113.10.'],
    ['two other servers', [a('example.com', '198.51.100.7'), a('example.com', '198.51.100.8'), a('www.example.com')], 'points-elsewhere', 'Change the A record of example.com to 203.0.113.10 and delete its other A records.'],
    ['a leftover', [a('example.com'), a('example.com', '198.51.100.7'), a('www.example.com')], 'address-leftover', 'Delete the A record 198.51.100.7 of example.com.'],
    ['an IPv6 leftover', [...good, record('example.com', 'AAAA', '2001:db8::7')], 'ipv6-leftover', 'Delete the AAAA record 2001:db8::7 of example.com.'],
    ['a CNAME elsewhere', [a('example.com'), record('www.example.com', 'CNAME', 'shops.provider.example')], 'cname-elsewhere', 'Change the CNAME record of www.example.com to quiet-otter.berth.localhost.'],
    ['a dangling CNAME', [a('example.com'), record('www.example.com', 'CNAME', 'nowhere.provider.example')], 'cname-elsewhere', 'Change the CNAME record of www.example.com to quiet-otter.berth.localhost.'],
    ['a missing www', [a('example.com')], 'www-missing', 'Add the A record www.example.com with the address 203.0.113.10.'],
    ['a star', [a('example.com'), a('*.example.com')], 'wildcard', 'Add the A record www.example.com with the address 203.0.113.10.'],
    ['Cloudflare by address', [a('example.com', '104.21.5.6'), a('www.example.com')], 'front', 'To reach us directly, set the proxy status of this record to "DNS only" (the grey cloud) at Cloudflare and let example.com lead to 203.0.113.10.'],
    ['CloudFront by name', [a('example.com'), record('www.example.com', 'CNAME', 'd111.cloudfront.net')], 'front', 'To reach us directly, take the name out of the CloudFront distribution and let www.example.com lead to 203.0.113.10.'],
    ['CAA of another', [...good, record('example.com', 'CAA', '0 issue "sectigo.com"')], 'caa-forbids', 'Add the CAA record example.com with 0 issue "letsencrypt.org".'],
    ['CAA of nobody', [...good, record('example.com', 'CAA', '0 issue ";"')], 'caa-forbids', 'Add the CAA record example.com with 0 issue "letsencrypt.org".'],
    ['critical CAA', [...good, record('example.com', 'CAA', '128 future "x"')], 'caa-forbids', 'Add the CAA record example.com with 0 issue "letsencrypt.org".'],
    ['CAA of www alone', [...good, record('www.example.com', 'CAA', '0 issue "digicert.com"')], 'caa-forbids', 'Add the CAA record www.example.com with 0 issue "letsencrypt.org".'],
  ] as const)('finds %s', async (_what, records, code, cure) => {
    const { domain, examine } = internet()
    domain([...records])
    const { of, all } = await examine()
    expect(of(code)).toMatchObject({ cure, severity: codes[code][0] })
    expect(all.filter((one) => one.severity === 'error').map((one) => one.code)).toEqual(codes[code][0] === 'error' ? [code] : [])
  })

  it('reads CAA as the authority does: our authority among others, issuewild alone, nothing but iodef, parameters', async () => {
    for (const set of [['0 issue "sectigo.com"', '0 issue "letsencrypt.org"'], ['0 issuewild "sectigo.com"'], ['0 iodef "mailto:a@example.com"'], ['0 issue "LetsEncrypt.org; validationmethods=http-01"']]) {
      const { domain, examine } = internet()
      domain([...good, ...set.map((data) => record('example.com', 'CAA', data))])
      expect((await examine()).codes).toEqual(['leads-here example.com', 'leads-here www.example.com'])
    }
  })

  it('takes a CNAME at the registered domain for a risk when it leads here, and for an error when it does not', async () => {
    const { domain, examine, world } = internet()
    setSite(world)
    domain([record('example.com', 'CNAME', expected.siteHost), a('www.example.com')])
    expect((await examine()).codes).toEqual(['cname-at-apex example.com', 'leads-here example.com', 'leads-here www.example.com'])
    const elsewhere = internet()
    elsewhere.domain([record('example.com', 'CNAME', 'shops.provider.example'), a('www.example.com')])
    expect((await elsewhere.examine()).of('cname-elsewhere').cure).toBe('Delete the CNAME record of example.com and add the A record example.com with the address 203.0.113.10.')
  })

  it('tells how long resolvers will remember what was changed', async () => {
    const { domain, examine, run, dns } = internet()
    domain([a('example.com', '198.51.100.7'), a('www.example.com')])
    await run(dns().resolve('example.com', 'A'))
    domain(good)
    const { codes: found, of } = await examine()
    expect(found).toEqual(['resolvers-disagree example.com', 'leads-here example.com', 'leads-here www.example.com'])
    expect(of('resolvers-disagree').cure).toBe('Nothing needs to be done but to wait: the old answer is forgotten in 5 minutes at the latest.')
  })

  it('does not blame a CNAME that only resolvers remember', async () => {
    const { domain, examine, run, dns } = internet()
    domain([record('example.com', 'CNAME', 'shops.provider.example'), a('www.example.com')])
    await run(dns().resolve('example.com', 'A'))
    domain([a('example.com', '198.51.100.7'), a('www.example.com')])
    expect((await examine()).codes).toEqual(['points-elsewhere example.com', 'resolvers-disagree example.com', 'leads-here www.example.com'])
  })

  it('says when the name servers of the domain disagree', async () => {
    const { domain, world, examine } = internet()
    domain(good)
    setRecords(world, 'example.com', [a('example.com', '198.51.100.7'), a('www.example.com')], { servers: [registrarServers[1]!] })
    const { of } = await examine()
    expect(of('name-servers-disagree').sentence).toBe('ns1.registrar.example and ns2.registrar.example give different A records for example.com.')
  })

  it('looks at a name below a registered domain by itself', async () => {
    const { domain, examine } = internet()
    domain([a('shop.example.com'), record('example.com', 'CAA', '0 issue "sectigo.com"')])
    expect((await examine({}, 'shop.example.com')).codes).toEqual(['caa-forbids example.com', 'leads-here shop.example.com'])
  })

  it('does with the resolvers that answer, and fails without any', async () => {
    const { domain, examine, away, look, asked } = internet()
    domain(good)
    away.add(0).add(2)
    expect((await examine()).codes).toEqual(['leads-here example.com', 'leads-here www.example.com'])
    expect(asked.length).toBeLessThanOrEqual(30)
    away.add(1)
    await expect(look()).rejects.toMatchObject({ name: 'UpstreamError', system: 'dns', fate: 'not-sent' })
  })

  it('asks at most thirty questions, however bad it is', async () => {
    for (const worse of [() => undefined, (w: ReturnType<typeof internet>) => delegate(w.world, 'example.com', registrarServers, true), (w: ReturnType<typeof internet>) => delegate(w.world, 'example.com', ours), (w: ReturnType<typeof internet>) => w.domain([a('*.example.com')])]) {
      const one = internet()
      one.domain(good)
      worse(one)
      await one.look()
      expect(one.asked.length).toBeLessThanOrEqual(30)
    }
  })
})

/** The site's own name as Cloudflare's resolvers see it. */
function setSite(world: ReturnType<typeof internet>['world']): void {
  world.slice<{ change: number; names: Record<string, unknown> }>('cloudflare-edge', () => ({ change: 0, names: {} })).names[expected.siteHost] =
    { change: 1, answers: [{ type: 'A', content: proxy, ttl: 300, proxied: false }] }
}
