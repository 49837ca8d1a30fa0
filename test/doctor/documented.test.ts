// docs/domains.md lists the doctor's codes as the code has them.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { codes } from '../../src/doctor/finding.ts'

it('lists every code with its severity and meaning', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/domains.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (ok|warning|error) \| (.+) \|$/gm)].map((row) => row.slice(1, 4))
  expect(rows).toEqual(Object.entries(codes).map(([code, [severity, meaning]]) => [code, severity, meaning]))
})
