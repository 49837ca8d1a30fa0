// The laws of customers' mail: made once however often it is asked or lost, published as ISPConfig holds it, within the plan, gone
// without a trace, and no password or private key is ever kept.
import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../lab/faults.ts'
import { servedMail } from '../../lab/ispconfig/served.ts'
import { dkimKey, publishedKey } from '../../src/domain/mail/dkim.ts'
import { good, rig } from './rig.ts'

const rigs: ReturnType<typeof rig>[] = []
afterEach(() => {
  for (const one of rigs.splice(0)) one.close()
})
const start = (...options: Parameters<typeof rig>): ReturnType<typeof rig> => {
  const one = rig(...options)
  rigs.push(one)
  return one
}
type Rig = ReturnType<typeof rig>

const domain = 'example.com'
const origin = `${domain}.`
const password = 'correct-horse-7'

async function withZone(one: Rig, user = '7', name = domain) {
  one.domain(name)
  const me = one.customer(user)
  good(await one.run(me.zones.addZone(`${name}.`, 'shop')))
  return me
}
async function withMail(one: Rig) {
  const me = await withZone(one)
  good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
  return me
}
const key = (one: Rig): string => dkimKey(one.panel.tables.mail_domain.find((row) => row['domain'] === domain)?.['dkim_public'])!
/** Names and types of the records for mail, and the DKIM keys that are published. */
const published = (one: Rig): string[] => one.records(origin).filter((line) => / (?:MX|TXT|CNAME) /.test(line)).map((line) => line.replace(/v=DKIM1.*/, 'DKIM'))
const keys = (one: Rig): string[] => one.records(origin).flatMap((line) => (line.includes('v=DKIM1') ? [publishedKey(line.slice(line.indexOf('v=DKIM1')))!] : []))
const all = [
  '_dmarc TXT v=DMARC1; p=none; rua=mailto:postmaster@example.com', '_mta-sts TXT v=STSv1; id=', '_smtp._tls TXT v=TLSRPTv1; rua=mailto:postmaster@example.com', 'berth._domainkey TXT DKIM',
  'example.com. MX mail.berth.localhost.', 'example.com. TXT v=spf1 mx ~all', 'mta-sts CNAME policy.berth.localhost.',
]
const shape = (lines: string[]): string[] => lines.map((line) => line.replace(/id=.*/, 'id='))
const boxes = (one: Rig): string[] => one.panel.tables.mail_user.map((row) => `${row['email']} ${Number(row['quota']) / 1_048_576}`).sort()
const forwardings = (one: Rig): string[] => one.panel.tables.mail_forwarding.map((row) => `${row['type']} ${row['source']} ${row['destination']}`).sort()

describe('mail for a domain', () => {
  it('is a mail domain that signs, its records, and nothing else; live once both name servers show them', async () => {
    const one = start()
    const me = await withMail(one)
    expect(one.panel.tables.mail_domain).toMatchObject([{ domain, active: 'y', dkim: 'y', dkim_selector: 'berth', server_id: '3' }])
    expect(shape(published(one))).toEqual(all)
    expect(keys(one)).toEqual([key(one)])
    expect(await one.run(me.check(domain))).toMatchObject({ ok: true, state: expect.stringMatching(/waiting for the name servers|needs attention/) })
    await one.pass(180_000)
    expect(await one.run(me.check(domain))).toMatchObject({ ok: true, state: 'live', dkim: { name: 'berth._domainkey.example.com', text: `v=DKIM1; k=rsa; p=${key(one)}` } })
    expect(servedMail(one.world).domains).toHaveLength(1)
  })

  it('wanted again is the same, with the same key', async () => {
    const one = start()
    const me = await withMail(one)
    const before = [key(one), one.records(origin)]
    good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
    await one.pass(60_000)
    expect([key(one), one.records(origin)]).toEqual(before)
  })

  it('publishes the key that ISPConfig holds, when somebody changed it there, and makes one where the public half is lost', async () => {
    const one = start()
    const me = await withMail(one)
    const row = one.panel.tables.mail_domain[0]!
    const old = key(one)
    row['dkim_public'] = row['dkim_public']!.replace(/[A-Z]{2}(?=[a-z])/, 'zz')
    expect(key(one)).not.toBe(old)
    good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
    expect(keys(one)).toEqual([key(one)])
    row['dkim_public'] = ''
    good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
    expect(key(one)).toMatch(/^MII/)
    expect(keys(one)).toEqual([key(one)])
  })

  it('needs a zone of one\'s own and a service that is paid for', async () => {
    const one = start()
    const me = await withZone(one)
    for (const [name, service] of [['other.com', 's1'], [domain, 'nobody']] as const) expect(await one.run(me.mail.addDomain(name, service, 'shop'))).toMatchObject({ ok: false, code: 'not-found' })
    expect(await one.run(me.mail.addDomain(`sub.${domain}`, 's1', 'shop'))).toMatchObject({ ok: false, code: 'conflict' })
    // Somebody else's service is none.
    good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
    const other = await withZone(one, '8', 'other.com')
    const said = await one.run(other.mail.addDomain('other.com', 's1', 'shop'))
    expect(said).toEqual(await one.run(other.mail.addDomain('other.com', 'nobody', 'shop')))
    expect(await one.run(other.mail.addDomain(domain, 's2', 'shop'))).toMatchObject({ ok: false, code: 'not-found' })
    expect(one.panel.tables.mail_domain).toHaveLength(1)
  })

  it('that another account of the panel has is not touched, and the customer\'s mail goes where it went, all the time', async () => {
    const sent: string[] = []
    const one = start({ edge: [({ url }) => void sent.push(url)] })
    const me = await withZone(one)
    good(await one.run(me.zones.addRecord({}, { name: origin, type: 'MX', ttl: 3_600, priority: 5, data: 'mx.provider.example.' }, 'shop')))
    one.panel.tables.mail_domain.push({ domain_id: '900', sys_groupid: '1', server_id: '3', domain, dkim: 'n', active: 'y', dkim_selector: 'default', dkim_private: '', dkim_public: '' })
    const before = [one.records(origin), JSON.stringify(one.panel.tables.mail_domain)]
    sent.length = 0
    expect(await one.run(me.mail.addDomain(domain, 's1', 'shop'))).toMatchObject({ ok: false, code: 'conflict', message: 'It cannot be created: the domain has mail in another account on this platform.' })
    await one.pass(180_000)
    expect([one.records(origin), JSON.stringify(one.panel.tables.mail_domain)]).toEqual(before)
    expect(sent.filter((url) => /_(?:add|update|delete)$/.test(url))).toEqual([])
    expect(one.mailBook.has(domain)).toBe(false)
  })

  it('keeps its zone', async () => {
    const one = start()
    const me = await withMail(one)
    expect(await one.run(me.zones.deleteZone(domain, 'shop'))).toEqual({ ok: false, code: 'conflict', message: 'example.com has mail here, which would no longer be found: delete the mail domain first.' })
    good(await one.run(me.mail.deleteDomain(domain, false, 'shop')))
    good(await one.run(me.zones.deleteZone(domain, 'shop')))
  })

  it('goes with everything in it only when that is said, and leaves nothing', async () => {
    const one = start()
    const me = await withZone(one)
    good(await one.run(me.zones.addRecord({}, { name: origin, type: 'TXT', ttl: 3_600, data: 'v=spf1 ip4:192.0.2.1 -all' }, 'shop')))
    const before = one.records(origin)
    good(await one.run(me.mail.addDomain(domain, 's1', 'shop')))
    expect(published(one).filter((line) => line.includes('spf1'))).toEqual(['example.com. TXT v=spf1 mx ip4:192.0.2.1 -all'])
    good(await one.run(me.mail.addMailbox(`info@${domain}`, 100, password, 'shop')))
    good(await one.run(me.mail.addForwarding('mail-alias', `office@${domain}`, [`info@${domain}`], 'shop')))
    expect(await one.run(me.mail.deleteDomain(domain, false, 'shop'))).toEqual({ ok: false, code: 'conflict', message: 'example.com has a mailbox, whose mail would be lost: delete it first, or say that it may go.' })
    // Made in the panel: goes too.
    one.panel.tables.mail_forwarding.push({ forwarding_id: '901', sys_groupid: '1', server_id: '3', source: `x@${domain}`, destination: 'y@example.org', type: 'forward', active: 'y' })
    good(await one.run(me.mail.deleteDomain(domain, true, 'shop')))
    await one.pass(120_000)
    expect([one.panel.tables.mail_domain, boxes(one), forwardings(one)]).toEqual([[], [], []])
    expect(one.records(origin)).toEqual(before)
    expect(one.mailBook.has(domain)).toBe(false)
    expect(good(await one.run(me.mail.deleteDomain(domain, false, 'shop')))).toContain('already')
  })
})

describe('mailboxes, aliases and forwards', () => {
  it('are made once, changed in place, and deleted once', async () => {
    const one = start()
    const me = await withMail(one)
    for (const size of [100, 100, 200]) good(await one.run(me.mail.addMailbox(`Info@${domain}`, size, password, 'shop')))
    for (const to of [['b@example.org'], ['b@example.org', 'A@example.org']]) good(await one.run(me.mail.addForwarding('mail-forward', `sales@${domain}`, to, 'shop')))
    good(await one.run(me.mail.addForwarding('mail-alias', `office@${domain}`, [`info@${domain}`], 'shop')))
    expect(boxes(one)).toEqual([`info@${domain} 200`])
    expect(forwardings(one)).toEqual([`alias office@${domain} info@${domain}`, `forward sales@${domain} a@example.org,b@example.org`])
    for (let twice = 0; twice < 2; twice++) {
      good(await one.run(me.mail.deleteOne('mail-forward', `sales@${domain}`, 'shop')))
      good(await one.run(me.mail.deleteOne('mailbox', `info@${domain}`, 'shop')))
    }
    expect(boxes(one)).toEqual([])
    expect(forwardings(one)).toHaveLength(1)
  })

  it('are refused in words', async () => {
    const one = start()
    const me = await withMail(one)
    const { mail } = me
    good(await one.run(mail.addMailbox(`info@${domain}`, undefined, password, 'shop')))
    const told = async (answer: ReturnType<typeof mail.addDomain>): Promise<string> => {
      const said = await one.run(answer)
      return said.ok ? 'ok' : `${said.code}: ${said.message}`
    }
    expect(await told(mail.addMailbox('info@other.com', 1, password, 'shop'))).toBe('not-found: You have no mail for other.com.')
    expect(await told(mail.addMailbox(`a@${domain}`, 9_999, password, 'shop'))).toBe('conflict: The plan allows mailboxes of 2048 MB; upgrade it to have larger ones.')
    expect(await told(mail.addMailbox(`a@${domain}`, 1, 'short', 'shop'))).toBe('bad-request: The password must have 10 to 128 characters.')
    expect(await told(mail.addForwarding('mail-forward', `info@${domain}`, ['a@example.org'], 'shop'))).toBe(`conflict: info@${domain} is a mailbox already.`)
    expect(await told(mail.addForwarding('mail-alias', `b@${domain}`, ['a@example.org'], 'shop'))).toBe('bad-request: An alias leads to a mailbox of yours, and a@example.org is none; a forward can lead there.')
    expect(await told(mail.password(`nobody@${domain}`, password, 'shop'))).toBe('not-found: There is no such mailbox.')
    expect(await told(mail.deleteOne('mailbox', `nobody@${domain}`, 'shop'))).toBe('not-found: There is no such mailbox.')
    for (let i = 0; i < 3; i++) expect(await told(mail.addMailbox(`b${i}@${domain}`, 1, password, 'shop'))).toBe('ok')
    // Two at once for the last place.
    const both = await one.run(Promise.all(['b3', 'b4'].map(async (name) => mail.addMailbox(`${name}@${domain}`, 1, password, 'shop'))))
    expect(both.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await told(mail.addMailbox(`b5@${domain}`, 1, password, 'shop'))).toBe('conflict: The plan allows 5 mailboxes (5/5); upgrade it to have more.')
    one.services['s1'] = 'standard'
    expect(await told(mail.addMailbox(`b5@${domain}`, 5_000, password, 'shop'))).toBe('ok')
    delete one.services['s1']
    expect(await told(mail.addMailbox(`b6@${domain}`, 1, password, 'shop'))).toBe('conflict: The service to which this mail belongs is suspended or has ended.')
  })

  it('of somebody else are the same nothing as none', async () => {
    const one = start()
    const me = await withMail(one)
    good(await one.run(me.mail.addMailbox(`info@${domain}`, 1, password, 'shop')))
    const before = JSON.stringify([one.panel.tables.mail_user, one.panel.tables.mail_forwarding, one.panel.tables.mail_domain])
    const stranger = one.customer('9')
    for (const act of [
      (at: string) => stranger.mail.deleteDomain(at, true, 'shop'), (at: string) => stranger.mail.addMailbox(`a@${at}`, 1, password, 'shop'), (at: string) => stranger.mail.password(`info@${at}`, password, 'shop'),
      (at: string) => stranger.mail.deleteOne('mailbox', `info@${at}`, 'shop'), (at: string) => stranger.mail.addForwarding('mail-forward', `b@${at}`, ['a@example.org'], 'shop'), (at: string) => stranger.check(at), (at: string) => stranger.mail.addDomain(at, 's2', 'shop'),
    ]) {
      const said = JSON.stringify(await one.run<unknown>(act(domain)))
      expect(said).toContain('not-found')
      expect(said).toBe(JSON.stringify(await one.run<unknown>(act('nobody.com'))).replaceAll('nobody.com', domain))
    }
    await one.pass(60_000)
    expect(JSON.stringify([one.panel.tables.mail_user, one.panel.tables.mail_forwarding, one.panel.tables.mail_domain])).toBe(before)
  })
})

describe('whatever is lost', () => {
  it('mail is there once', async () => {
    const faults: Fault[] = ['after', 'late', 'garble']
    for (const [i, fault] of faults.entries()) {
      let count = 0
      let counting = false
      const one = start({ edge: [({ url }) => (counting && url.includes('/ispconfig/') && ++count % 50 === 17 * i + 7 ? fault : undefined)] })
      const me = await withZone(one)
      counting = true
      await one.run(me.mail.addDomain(domain, 's1', 'shop'))
      await one.run(me.mail.addForwarding('mail-forward', `sales@${domain}`, ['a@example.org'], 'shop'))
      await one.pass(300_000)
      const said = await one.run(me.mail.addMailbox(`info@${domain}`, 10, password, 'shop'))
      counting = false
      if (!said.ok) {
        expect(said.code).toBe('unavailable')
        await one.pass(300_000)
        good(await one.run(me.mail.addMailbox(`info@${domain}`, 10, password, 'shop')))
      }
      expect([shape(published(one)), keys(one), boxes(one), forwardings(one)]).toEqual([all, [key(one)], [`info@${domain} 10`], [`forward sales@${domain} a@example.org`]])
    }
  })

  it('mail is there once when the power is cut after any commit', async () => {
    for (const cutAt of [3, 14, 25]) {
      const one = start()
      const me = await withZone(one)
      let commits = 0
      me.disk.onCommit = () => {
        if (++commits === cutAt) queueMicrotask(() => me.start())
      }
      void me.mail.addDomain(domain, 's1', 'shop').catch(() => undefined)
      await one.pass(300_000)
      me.disk.onCommit = undefined
      expect([cutAt, shape(published(one)), keys(one)]).toEqual([cutAt, all, [key(one)]])
      expect(me.actor.store.rows().filter(({ phase }) => phase !== 'settled')).toEqual([])
    }
  })

  it('no password and no private key is in what the object keeps', async () => {
    const one = start()
    const me = await withMail(one)
    good(await one.run(me.mail.addMailbox(`info@${domain}`, 10, password, 'shop')))
    good(await one.run(me.mail.password(`info@${domain}`, `${password}-new`, 'shop')))
    const kept = JSON.stringify([me.actor.store.rows(), me.actor.store.history(1_000, 1_000), me.disk.open().storage.sql.exec('SELECT * FROM journal').toArray()])
    expect(kept).toContain(`info@${domain}`)
    for (const secret of [password, 'PRIVATE KEY', 'Aa1-']) expect(kept).not.toContain(secret)
  })

  it('a password that ISPConfig did not hear is told to be unknown, and is set by the same call again', async () => {
    let away = false
    const one = start({ edge: [({ url }) => (away && url.includes('/ispconfig/') ? 'refused' : undefined)] })
    const me = await withMail(one)
    good(await one.run(me.mail.addMailbox(`info@${domain}`, 10, password, 'shop')))
    const hash = (): string => one.panel.tables.mail_user[0]!['password']!
    const before = hash()
    away = true
    expect(await one.run(me.mail.password(`info@${domain}`, password, 'shop'))).toMatchObject({ ok: false, code: 'unavailable' })
    expect(hash()).toBe(before)
    away = false
    good(await one.run(me.mail.password(`info@${domain}`, password, 'shop')))
    expect(hash()).not.toBe(before)
  })
})
