// What a customer may type as a domain name, and what they are told otherwise.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { domainName, type DomainName } from '../../src/domain/domain-name.ts'

const zone = 'sites.berth.example'
const good = (typed: string): DomainName => {
  const judged = domainName(typed, zone)
  if (!judged.ok) throw new Error(judged.sentence)
  return judged.domain
}
const bad = (typed: string): string => {
  const judged = domainName(typed, zone)
  return judged.ok ? `accepted as ${judged.domain.name}` : judged.sentence
}

describe('a domain name', () => {
  it('brings its www along when it is a registered domain, whichever of the two was typed', () => {
    const pair = { name: 'example.com', apex: 'example.com', names: ['example.com', 'www.example.com'], shown: 'example.com' }
    for (const typed of ['example.com', 'EXAMPLE.com.', ' www.example.com ', 'WWW.Example.COM']) expect(good(typed)).toEqual(pair)
    expect(good('shop.example.co.uk')).toEqual({ name: 'shop.example.co.uk', apex: 'example.co.uk', names: ['shop.example.co.uk'], shown: 'shop.example.co.uk' })
    expect(good('www.shop.example.com').names).toEqual(['www.shop.example.com'])
  })

  it('follows the rules of public suffixes, private ones included', () => {
    expect(good('example.co.uk').apex).toBe('example.co.uk')
    expect(good('me.github.io').apex).toBe('me.github.io')
    expect(bad('co.uk')).toBe('"co.uk" is an ending under which domains are registered, not a domain: type the whole name, such as example.co.uk.')
    expect(bad('github.io')).toContain('not a domain')
    expect(bad('com')).toContain('has no ending')
    expect(bad('example.exmaple')).toBe('".exmaple" is no ending of the public Internet: check the spelling, or register a domain first.')
  })

  it('may be written in any script, and is kept as A-labels', () => {
    expect(good('Bücher.example.de')).toMatchObject({ name: 'xn--bcher-kva.example.de', shown: 'bücher.example.de' })
    expect(good('www.bücher.de')).toMatchObject({ name: 'xn--bcher-kva.de', names: ['xn--bcher-kva.de', 'www.xn--bcher-kva.de'], shown: 'bücher.de' })
    expect(good('bu\u0308cher.de').name).toBe(good('bücher.de').name)
    expect(good('faß.de').name).toBe('xn--fa-hia.de')
    expect(good('例え.jp').name).toBe(good('xn--r8jz45g.jp').name)
    expect(good('例え。jp').name).toBe('xn--r8jz45g.jp')
    expect(bad('a\u200db.de')).toContain('check the spelling')
  })

  it.each([
    ['', 'Type a domain name'], ['   ', 'Type a domain name'],
    ['https://example.com/', 'Leave out "https://"'], ['example.com/shop', 'from the first slash on'], ['example.com?x', 'from the first slash on'],
    ['example.com:8080', 'the port'], ['me@example.com', 'after the @'], ['*.example.com', 'star'], ['_dmarc.example.com', 'underscore'],
    ['exam ple.com', 'no spaces'], ['example,com', 'letters, digits, hyphens and dots'], ['exa%6dple.com', 'letters, digits, hyphens and dots'],
    ['203.0.113.10', 'IP address'], ['２０３.0.113.10', 'IP address'], ['1.2.3', 'IP address'], ['0x7f.1', 'IP address'], ['2001:db8::1', 'IP address'], ['[::1]', 'IP address'], ['example.123', 'IP address'],
    ['localhost', '".localhost" is no ending'], ['berth.localhost', '".localhost" is no ending'], ['nas.local', '".local" is no ending'], ['printer', 'printer.com'],
    ['example..com', 'a dot too many'], ['.example.com', 'a dot too many'], ['-a.com', '"-a" cannot be a part'], ['a-.com', '"a-" cannot be a part'],
    [`${'a'.repeat(64)}.com`, '63 characters'], [`${'a.'.repeat(130)}com`, '253 characters'], ['x'.repeat(5000), '253 characters'],
    ['sites.berth.example', 'belong to the platform'], ['quiet-otter.Sites.berth.example.', 'belong to the platform'],
  ])('%j is refused with a cure', (typed, words) => {
    expect(bad(typed)).toContain(words)
  })

  it('never throws, and what it accepts it accepts again unchanged', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
    const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.tuple(label, fc.constantFrom('com', 'co.uk', 'de', 'みんな', 'zz')).map((parts) => parts.join('.')), fc.domain())
    fc.assert(fc.property(text, (typed) => {
      const judged = domainName(typed, zone)
      if (!judged.ok) {
        expect(judged.sentence).toMatch(/^[^\n]{10,400}[.)]$/)
        return
      }
      const { name, apex, names } = judged.domain
      expect(name).toMatch(/^(?=.{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/)
      expect(name === apex || name.endsWith(`.${apex}`)).toBe(true)
      expect(good(name)).toMatchObject({ name, apex, names })
      expect(good(`${name.toUpperCase()}.`).name).toBe(name)
    }), { seed: 20261123, numRuns: 150 })
  })
})
