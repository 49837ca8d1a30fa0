// Budgets that only time refills, over real SQLite: never overdrawn, all or none, given back only when nothing was used.
import { afterEach, describe, expect, it } from 'vitest'
import { GateBook } from '../../src/broker/gate-book.ts'
import { Disk } from '../../lab/disk.ts'

const hourMs = 3_600_000
const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

function gate() {
  const disk = new Disk()
  disks.push(disk)
  const open = (): GateBook => new GateBook(disk.open().storage, () => undefined)
  return { open, book: open() }
}

const request = (host: string, apex: string): string[] => ['le-orders', `le-registered:${apex}`, `le-set:${host}`, `le-tries:${host}`]

describe('budgets of the certificate authority', () => {
  it('let five certificates of one name pass in a week, and say when there may be another', () => {
    const { book, open } = gate()
    for (let n = 0; n < 5; n++) expect(book.spend(request('a.com', 'a.com'), n * 20 * 60_000)).toEqual({ granted: true })
    const now = 24 * hourMs
    const refused = book.spend(request('a.com', 'a.com'), now)
    expect(refused).toMatchObject({ granted: false, why: expect.stringContaining('certificates of the same name') })
    const { waitMs } = refused as { waitMs: number }
    expect(open().spend(request('a.com', 'a.com'), now + waitMs - 1_000)).toMatchObject({ granted: false })
    expect(open().spend(request('a.com', 'a.com'), now + waitMs)).toEqual({ granted: true })
  })

  it('let five tries of one name pass in an hour, failed ones too; what failed is given back to all others', () => {
    const { book } = gate()
    const names = request('a.com', 'a.com')
    for (let n = 0; n < 5; n++) {
      expect(book.spend(names, n)).toEqual({ granted: true })
      book.report({ tenant: 't', step: 'certificate:a.com', system: 'npm', verdict: 'none', release: true, unspent: names }, n)
    }
    expect(book.spend(names, 5)).toMatchObject({ granted: false, why: expect.stringContaining('tries for one name'), waitMs: expect.closeTo(hourMs / 5, -3) })
    for (let day = 1; day <= 20; day++) {
      expect(book.spend(names, day * 24 * hourMs)).toEqual({ granted: true })
      book.report({ tenant: 't', step: 'certificate:a.com', system: 'npm', verdict: 'none', release: true, unspent: names }, day * 24 * hourMs)
    }
  })

  it('let fifty names of one registered domain pass in a week, and take nothing when one of them is short', () => {
    const { book } = gate()
    for (let n = 0; n < 50; n++) expect(book.spend(request(`s${n}.a.com`, 'a.com'), 0)).toEqual({ granted: true })
    for (let n = 0; n < 10; n++) expect(book.spend(request('new.a.com', 'a.com'), 0)).toMatchObject({ granted: false, why: expect.stringContaining('registered domain') })
    for (let n = 0; n < 5; n++) expect(book.spend(['le-set:new.a.com', 'le-tries:new.a.com'], 0)).toEqual({ granted: true })
    expect(book.spend(request('b.com', 'b.com'), 0)).toEqual({ granted: true })
  })
})
