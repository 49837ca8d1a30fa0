// One name belongs to one tenant at a time; who shows more waits until the holder has let go. Over real SQLite.
import { afterEach, expect, it } from 'vitest'
import { Claims } from '../../src/broker/claims.ts'
import { Disk } from '../../lab/disk.ts'

const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

function claims(): Claims {
  const disk = new Disk()
  disks.push(disk)
  return new Claims(disk.open().storage)
}

const wish = (tenant: string, way: 'txt' | 'address' = 'address', over: string | null = null) => ({ name: 'shop.com', tenant, way, token: `token-${tenant}`, over })

it('gives a free name to who comes first, again on every question, and to nobody else', () => {
  const book = claims()
  expect(book.take(wish('a'), 1)).toEqual({ answer: 'held' })
  expect(book.take(wish('a'), 2)).toEqual({ answer: 'held' })
  expect(book.take(wish('b'), 3)).toEqual({ answer: 'lost' })
  expect(book.of('shop.com')).toEqual({ tenant: 'a', way: 'address', token: 'token-a', contender: null })
})

it('leaves a contested name with its holder until that has let go, and then with nobody', () => {
  const book = claims()
  book.take(wish('a'), 1)
  expect(book.take(wish('b', 'txt', 'a'), 2)).toEqual({ answer: 'contested', holder: 'a' })
  expect(book.contested('shop.com')).toBe('a')
  expect(book.of('shop.com')).toMatchObject({ tenant: 'a', contender: 'b' })
  book.release('shop.com', 'b')
  expect(book.of('shop.com')).toMatchObject({ tenant: 'a' })
  book.release('shop.com', 'a')
  book.release('shop.com', 'a')
  expect(book.of('shop.com')).toBeUndefined()
  expect(book.contested('shop.com')).toBeUndefined()
  expect(book.take(wish('b', 'txt', 'a'), 3)).toEqual({ answer: 'held' })
})

it('does not let a judgement about one holder take the name from another', () => {
  const book = claims()
  book.take(wish('c'), 1)
  expect(book.take(wish('b', 'txt', 'a'), 2)).toEqual({ answer: 'lost' })
})
