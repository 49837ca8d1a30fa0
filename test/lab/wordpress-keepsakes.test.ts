// A site's files follow its container's snapshots: what was written later is gone after the way back, mails are not.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bringFilesBack, dropFiles, keepFiles } from '../../lab/wordpress/keepsakes.ts'
import { postMail, readMails, mailboxOf } from '../../lab/wordpress/mailbox.ts'
import { readRecord, writeRecord } from '../../lab/wordpress/site-record.ts'

const root = mkdtempSync(join(tmpdir(), 'berth-kept-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function site(id: string): { folder: string; shelf: string; write: (text: string) => void; read: () => string } {
  const folder = join(root, 'sites', id)
  mkdirSync(join(folder, 'database'), { recursive: true })
  writeFileSync(join(folder, 'wp-config.php'), `define( 'DB_DIR', '/sites/${id}-old/database/' );`)
  writeRecord(folder, { id, url: 'http://a.localhost', title: 'A', adminEmail: 'a@example.com', version: '7', place: `${id}-old`, stopped: false })
  return { folder, shelf: join(root, 'kept', id), write: (text) => writeFileSync(join(folder, 'database', 'posts'), text), read: () => readFileSync(join(folder, 'database', 'posts'), 'utf8') }
}

describe('kept files', () => {
  it('come back as they were, at a place of their own, stopped, with every mail', () => {
    const { folder, shelf, write, read } = site('ct1')
    write('before')
    keepFiles(folder, shelf, 'BAK01012026-1')
    write('after')
    postMail(mailboxOf(folder), { to: 'a@example.com', subject: 'Hello', text: '', at: 1, site: 'ct1' })
    expect(bringFilesBack(folder, shelf, 'BAK01012026-1')).toBe(true)
    expect(read()).toBe('before')
    const { place, stopped } = readRecord(folder)!
    expect([stopped, place]).toEqual([true, expect.not.stringMatching('ct1-old')])
    expect(readFileSync(join(folder, 'wp-config.php'), 'utf8')).toBe(`define( 'DB_DIR', '/sites/${place}/database/' );`)
    expect(readMails(mailboxOf(folder))).toHaveLength(1)
    // As often as anybody likes.
    write('later')
    expect(bringFilesBack(folder, shelf, 'BAK01012026-1')).toBe(true)
    expect(read()).toBe('before')
  })

  it('come back even when the site itself is gone, and not when they were dropped', () => {
    const { folder, shelf, write, read } = site('ct2')
    write('kept')
    keepFiles(folder, shelf, 'backup:backup/vzdump-lxc-2-x.tar.zst')
    rmSync(folder, { recursive: true })
    expect(bringFilesBack(folder, shelf, 'backup:backup/vzdump-lxc-2-x.tar.zst')).toBe(true)
    expect(read()).toBe('kept')
    dropFiles(shelf, 'backup:backup/vzdump-lxc-2-x.tar.zst')
    expect(bringFilesBack(folder, shelf, 'backup:backup/vzdump-lxc-2-x.tar.zst')).toBe(false)
    expect(existsSync(folder)).toBe(true)
  })

  it('are a few: the oldest makes room, and is named', () => {
    const { folder, shelf } = site('ct3')
    const gone = Array.from({ length: 10 }, (_, i) => keepFiles(folder, shelf, `n${i}`))
    expect(gone.filter(Boolean)).toHaveLength(2)
    expect(readdirSync(shelf)).toHaveLength(8)
  })
})
