// Addresses, destinations and passwords as customers type them.
import { expect, it } from 'vitest'
import { addressOf, destinationsOf, mailAddress, mailDomainName, passwordProblem } from '../../../src/domain/mail/address.ts'

it.each([
  ['info', 'info@example.com'], [' Info@Example.COM ', 'info@example.com'], ['first.last-1_x', 'first.last-1_x@example.com'], ['info@example.com.', 'info@example.com'],
])('%s is the address %s', (typed, address) => {
  expect(addressOf(typed, 'example.com')).toEqual({ ok: true, address })
})

it.each([
  ['', 'is no mail address'], ['@example.com', 'is no mail address'], ['.a', 'cannot stand before the @'], ['a..b', 'cannot stand'], ['a.', 'cannot stand'], ['a b', 'cannot stand'], ['ä', 'cannot stand'],
  ['*', 'cannot stand'], ['a@b@example.com', 'cannot stand'], ['info@example.org', 'is not an address of example.com'], ['a+b', '“+” cannot stand'], ['x'.repeat(60), '64 are allowed'], ['a\r\nb', 'cannot stand'],
  ['info,b@example.com', 'cannot stand'], ['%', 'cannot stand'],
])('%j is refused', (typed, words) => {
  expect(addressOf(typed, 'example.com')).toEqual({ ok: false, sentence: expect.stringContaining(words) })
})

it('keeps an international domain as A-labels', () => {
  expect(mailAddress('info@Bücher.de')).toEqual({ ok: true, address: 'info@xn--bcher-kva.de' })
  expect(mailDomainName(' Bücher.de. ')).toBe('xn--bcher-kva.de')
  expect(['', 'a b.com', 'localhost', 'x@example.com', '*.example.com'].map(mailDomainName)).toEqual([undefined, undefined, undefined, undefined, undefined])
})

it.each(['a@localhost', 'a@127.0.0.1', 'a@[127.0.0.1]', 'a@example..com', 'a@exa_mple.com'])('mail cannot be sent to %s', (typed) => {
  expect(mailAddress(typed).ok).toBe(false)
})

it('leads a forward to each address once, and never to itself', () => {
  expect(destinationsOf(['b@example.org', 'A@example.org', 'a@example.org'], 'x@example.com')).toEqual({ ok: true, addresses: ['a@example.org', 'b@example.org'] })
  for (const typed of [[], ['X@example.com'], ['a'], Array.from({ length: 11 }, (_, i) => `a${i}@example.org`)]) expect(destinationsOf(typed, 'x@example.com').ok).toBe(false)
})

it.each([['short-1', false], ['longenough1', true], ['only-letters', true], ['onlyletters', false], ['12345678901', false], ['with space 123', false], ['ümlaut-12345', false], ['x1'.repeat(70), false]])('takes %s for a password: %s', (password, good) => {
  expect(passwordProblem(password) === undefined).toBe(good)
})
