// docs/mail.md shows what plans allow as the code has it.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { plans } from '../../../src/domain/plan.ts'

it('shows the limits of every plan', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/mail.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (\w+) \| ([\d ]+) \| ([\d ]+) \| ([\d ]+) \| ([\d ]+) \|$/gm)].map(([, name, ...figures]) => [name, ...figures.map((figure) => Number(figure.replaceAll(' ', '')))])
  expect(rows).toEqual(Object.entries(plans).map(([name, { mail }]) => [name, mail.domains, mail.mailboxes, mail.mailboxMb, mail.addresses]))
})
