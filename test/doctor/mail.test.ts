// The mail check against the lab's name servers: real client, real gateway, every code once.
import { describe, expect, it, vi } from 'vitest'
import { delegate, otherServers, record, register, setRecords } from '../../lab/dns/internet.ts'
import { examineMail, mailState, type MailExpected } from '../../src/doctor/mail-findings.ts'
import { mailCodes } from '../../src/doctor/mail-finding.ts'
import { gatherMail } from '../../src/doctor/mail-gather.ts'
import type { DnsRecord } from '../../src/domain/dns/record.ts'
import { dkimName, dkimText } from '../../src/domain/mail/dkim.ts'
import { policyId, policyText } from '../../src/domain/mail/policy.ts'
import { withMail } from '../../src/domain/mail/records.ts'
import { origin, zone } from '../domain/dns/zones.ts'
import { internet, zone as platform } from './rig.ts'

const mailHost = `mail.${platform}`
const ours = [`ns1.${platform}`, `ns2.${platform}`]
const text = policyText(`${mailHost}.`, 'testing')
const key = 'A'.repeat(392)
const expected: MailExpected = { domain: 'example.com', mailHost, address: '203.0.113.12', selector: 'berth', key, policy: { host: `policy.${platform}`, id: policyId(text), text }, nameServers: ours, zone: undefined }
const right: DnsRecord[] = [
  ...withMail(zone('@ A 203.0.113.10', '_dmarc TXT v=DMARC1; p=quarantine'), { origin, mailHost: `${mailHost}.`, reports: 'postmaster@*', policy: { host: `policy.${platform}.`, text } }),
  { name: dkimName('berth', origin), type: 'TXT', ttl: 3600, priority: null, data: dkimText(key) },
]

const served = (records: readonly DnsRecord[]) => ({
  origin, ns: `${ours[0]}.`, mbox: 'hostmaster.example.com.', minimum: 3600, serial: 2026112301, active: true,
  records: [...ours.map((one) => ({ name: origin, type: 'NS', data: `${one}.`, aux: 0, ttl: 3600 })), ...records.map(({ name, type, data, priority, ttl }) => ({ name, type, data, aux: priority ?? 0, ttl }))],
})

/** A web server with this file. */
const policyFile = (file = text, type = 'text/plain; charset=utf-8') => (): Response | Promise<Response> => new Response(file, { headers: { 'content-type': type } })

/** What is said when ns1 and ns2 serve these, and all is expected that `right` is, save for what is told. */
async function check(records: readonly DnsRecord[], wish: Partial<MailExpected> = {}, second = records, answer = policyFile()) {
  const rig = internet()
  register(rig.world, 'example.com')
  delegate(rig.world, 'example.com', ours)
  rig.served.ns1.push(served(records))
  rig.served.ns2.push(served(second))
  rig.web.answer = answer
  return said(rig, wish)
}

async function said(rig: ReturnType<typeof internet>, wish: Partial<MailExpected> = {}) {
  const all = examineMail(await rig.run(gatherMail({ dns: rig.dns(), policyHost: rig.policyHost() }, { domain: 'example.com', selector: 'berth', mailHost, address: '203.0.113.12', policy: true })), { ...expected, ...wish })
  for (const { sentence } of all) expect(sentence).toMatch(/\.$/)
  return { all, state: mailState(all), wrong: all.filter(({ code }) => code !== 'right').map(({ code, name }) => `${code} ${name}`) }
}

const told = new Set<string>()
const without = (...names: string[]): DnsRecord[] => right.filter((one) => !names.includes(one.name.slice(0, -1)))
const spf = (...lines: string[]): DnsRecord[] => [...right.filter((one) => one.name !== origin || one.type !== 'TXT'), ...zone(...lines.map((line) => `@ TXT ${line}`))]
const mx = (...lines: string[]): DnsRecord[] => [...right.filter((one) => one.type !== 'MX'), ...zone(...lines.map((line) => `@ MX ${line}`))]

describe('the mail check', () => {
  it.each<[string, () => Response | Promise<Response>, RegExp]>([
    ['that is not there', () => new Response('', { status: 404 }), /^mta-sts\.example\.com, where senders look for the MTA-STS policy, answers with status 404\.$/],
    ['that redirects', () => new Response(null, { status: 301, headers: { location: 'https://example.com/' } }), /redirects to another address, which senders do not follow/],
    ['of another type', policyFile(text, 'text/html'), /answers with text\/html instead of text\/plain/],
    ['without an end', policyFile(`${text}${'#'.repeat(70_000)}`), /answers with more than 64 kB/],
    ['that nobody serves', () => Promise.reject(new TypeError('fetch failed')), /cannot be reached over HTTPS with a certificate that is valid for it/],
    ['that never comes', () => new Promise<Response>(() => undefined), /does not answer within 8 seconds/],
    ['that is none', policyFile('<html>'), /has a line that is not of the form/],
    ['of a version to come', policyFile(text.replace('STSv1', 'STSv2')), /does not begin with version: STSv1/],
    ['without a mode', policyFile(text.replace('mode: testing\r\n', '')), /has no mode of testing, enforce or none/],
    ['without an age', policyFile(text.replace(/max_age: \d+/, 'max_age: soon')), /has no max_age of 0 to 31557600 seconds/],
    ['of another mode', policyFile(text.replace('testing', 'enforce')), /has the mode enforce instead of testing/],
    ['of another server', policyFile(text.replace(/mx: .*/, 'mx: mx.other.example').replace('testing', 'enforce')), /does not name our mail server mail\.berth\.localhost, so that senders do not deliver to it/],
    ['of one server more', policyFile(`${text}mx: *.other.example\n`), /names \*\.other\.example besides our mail server/],
  ])('says what is wrong with an MTA-STS policy %s', async (_, answer, sentence) => {
    const { all, wrong } = await check(right, {}, right, answer)
    expect(wrong).toEqual(['mta-sts-policy mta-sts.example.com'])
    expect(all.find(({ code }) => code === 'mta-sts-policy')!.sentence).toMatch(sentence)
    told.add('mta-sts-policy')
  })

  it('takes a policy whose lines end as they like, and fields that nobody knows', async () => {
    expect(await check(right, {}, right, policyFile(`${text.replaceAll('\r\n', '\n')}future_field: yes\n`))).toMatchObject({ state: 'live', wrong: [] })
  })

  it.each(['10.0.0.1', '127.0.0.1', '169.254.169.254', '203.0.113.10', '100.64.0.1', '::1', 'fd00::1', '2002:7f00:1::', '::ffff:10.0.0.1'])('never asks a policy’s name that leads to %s', async (address) => {
    const rig = internet()
    const asked = vi.fn(policyFile())
    rig.web.answer = asked
    register(rig.world, 'example.com')
    setRecords(rig.world, 'example.com', [record('mta-sts.example.com', 'A', '104.16.0.1'), record('mta-sts.example.com', address.includes(':') ? 'AAAA' : 'A', address)])
    expect(await rig.run(rig.policyHost().policy('example.com'))).toEqual({ problem: expect.stringContaining('which is not an address of the public Internet') })
    expect(asked).not.toHaveBeenCalled()
  })

  it('finds mail live whose records are right at both name servers', async () => {
    expect(await check(right)).toMatchObject({ state: 'live', wrong: [] })
  })

  it.each<[string, DnsRecord[], Partial<MailExpected>?]>([
    ['mx-missing example.com', mx()], ['mx-elsewhere example.com', mx('5 mx.other.example')], ['mx-mixed example.com', mx(`10 ${mailHost}.`, '20 mx.other.example')],
    ['spf-missing example.com', spf()], ['spf-twice example.com', spf('v=spf1 mx ~all', 'v=spf1 a -all')], ['spf-without-us example.com', spf('v=spf1 a -all')], ['spf-wrong example.com', spf('v=spf1 mx inlude:x.example -all')],
    ['spf-lookups example.com', spf('v=spf1 mx a:a.x a:b.x a:c.x a:d.x a:e.x a:f.x a:g.x a:h.x a:i.x a:j.x -all')],
    ['dkim-missing berth._domainkey.example.com', without('berth._domainkey.example.com')], ['dkim-wrong berth._domainkey.example.com', right, { key: 'B'.repeat(392) }],
    ['dkim-no-key berth._domainkey.example.com', right, { key: undefined }],
    ['dmarc-missing _dmarc.example.com', without('_dmarc.example.com')], ['dmarc-twice _dmarc.example.com', [...right, ...zone('_dmarc TXT v=DMARC1; p=none')]],
    ['dmarc-wrong _dmarc.example.com', [...without('_dmarc.example.com'), ...zone('_dmarc TXT v=DMARC1; p=never')]], ['dmarc-watching _dmarc.example.com', [...without('_dmarc.example.com'), ...zone('_dmarc TXT v=DMARC1; p=none')]],
    ['mta-sts-missing _mta-sts.example.com', without('_mta-sts.example.com')], ['mta-sts-wrong _mta-sts.example.com', right, { policy: { host: `policy.${platform}`, id: 'another', text } }],
    ['mta-sts-host mta-sts.example.com', without('mta-sts.example.com')], ['tls-reports-missing _smtp._tls.example.com', without('_smtp._tls.example.com')],
  ])('says %s', async (code, records, wish = {}) => {
    const { wrong } = await check(records, wish)
    expect(wrong).toEqual([code])
    told.add(code.split(' ')[0]!)
  })

  it('says when the mail server is called by another name, or is elsewhere', async () => {
    const { wrong, all } = await check(mx('10 mx.berth.localhost.'), { mailHost: 'mx.berth.localhost' })
    expect(wrong).toEqual(['reverse-name 12.113.0.203.in-addr.arpa'])
    expect(all.find(({ code }) => code === 'reverse-name')!.cure).toBe("The platform's operator has to have the reverse name (PTR) of 203.0.113.12 set to mx.berth.localhost by the provider of the address.")
    expect((await check(right, { address: '203.0.113.99' })).wrong).toContain(`mail-host-address ${mailHost}`)
    told.add('reverse-name').add('mail-host-address')
  })

  it('waits for what the zone holds and a server does not show yet', async () => {
    const { all, state, wrong } = await check(right, { zone: right }, without('_dmarc.example.com'))
    expect([state, wrong]).toEqual(['waiting for the name servers', ['waiting _dmarc.example.com']])
    expect(all[0]!.sentence).toBe(`ns2.${platform} does not show the newest TXT record of _dmarc.example.com yet.`)
    expect((await check(right, { zone: without('_dmarc.example.com') }, without('_dmarc.example.com'))).wrong).toEqual(['dmarc-missing _dmarc.example.com'])
    told.add('waiting').add('right')
  })

  it('says when the domain is delegated elsewhere, and when its servers are silent', async () => {
    const away = internet()
    register(away.world, 'example.com')
    setRecords(away.world, 'example.com', [record('example.com', 'MX', '10 mx.other.example')], { servers: otherServers })
    delegate(away.world, 'example.com', otherServers)
    const elsewhere = await said(away)
    expect(elsewhere.wrong).toEqual(expect.arrayContaining(['zone-elsewhere example.com', 'mx-elsewhere example.com']))
    expect(elsewhere.state).toBe('needs attention')
    const silent = internet()
    register(silent.world, 'example.com')
    delegate(silent.world, 'example.com', ours)
    expect(await said(silent)).toMatchObject({ state: 'needs attention', wrong: ['servers-silent example.com'] })
    expect((await said(silent, { zone: without('_dmarc.example.com') })).wrong).toEqual(['servers-silent example.com', 'dmarc-missing _dmarc.example.com'])
    told.add('zone-elsewhere').add('servers-silent')
  })

  it('has met every code', () => {
    expect(Object.keys(mailCodes).filter((code) => !told.has(code))).toEqual([])
  })
})
