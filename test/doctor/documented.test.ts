// docs/domains.md and docs/mail.md list the doctor's codes as the code has them.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { codes } from '../../src/doctor/finding.ts'
import { mailCodes } from '../../src/doctor/mail-finding.ts'

it.each([['domains.md', codes], ['mail.md', mailCodes]])('%s lists every code with its severity and meaning', (name, known) => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs', name), 'utf8')
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (ok|warning|error) \| (.+) \|$/gm)].map((row) => row.slice(1, 4))
  expect(rows).toEqual(Object.entries(known).map(([code, [severity, meaning]]) => [code, severity, meaning]))
})
