// The rights at Proxmox: exactly for what the gateway lets through, and shown in docs/deploy.md as they are.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { missingRights } from '../../gateway/rights.ts'
import { run } from '../../operator/commands.ts'
import { pveum, rights } from '../../operator/rights.ts'

const read = (name: string): string => readFileSync(path.join(import.meta.dirname, '../..', name), 'utf8')
const named = { 'storage': 'global-lvm', 'backup storage': 'backup', 'template storage': 'local', 'bridge': 'vmbr1' }

it('has a line for everything that the gateway lets through to Proxmox, and for nothing else', () => {
  const lines = /proxmox: `([^`]*)`/.exec(read('gateway/allow-list.ts'))![1]!.trim().split('\n').map((line) => line.trim().split(/\s+/))
  const passed = lines.flatMap((words) => words.slice(0, -1).map((method) => `${method} ${words.at(-1)!.replace('/api2/json', '')}`))
  expect(passed.length).toBeGreaterThan(30)
  expect(Object.keys(rights).sort()).toEqual(passed.sort())
})

it('grants what the gateway checks for, with nothing to spare', () => {
  const given: Record<string, Record<string, number>> = {}
  for (const line of pveum(named)) {
    const [, place, role, propagate] = /^pveum acl modify (\S+) .*--roles (\S+) --propagate (\d)/.exec(line) ?? []
    const privileges = pveum(named).find((one) => one.startsWith(`pveum role add ${role} `))?.split(' ').at(-1)!.split(',') ?? []
    if (place) given[place] = Object.fromEntries(privileges.map((one) => [one, Number(propagate)]))
  }
  expect(missingRights({ data: given })).toEqual([])
  for (const [place, privileges] of Object.entries(given)) for (const one of Object.keys(privileges)) {
    const { [one]: _, ...rest } = privileges
    // Two storages are granted the same: the check only knows that there is one.
    if (one !== 'Datastore.AllocateSpace') expect(missingRights({ data: { ...given, [place]: rest } }), `${place} ${one}`).not.toEqual([])
  }
})

it('grants at the root of the tree nothing that goes down, and nowhere what opens a node or another account', () => {
  const commands = pveum(named)
  expect(commands.filter((line) => line.includes('modify / '))).toEqual(['pveum acl modify / --users berth@pve --roles BerthHa --propagate 0'])
  expect(commands.join('\n')).not.toMatch(/Sys\.Modify|Sys\.PowerMgmt|Permissions\.|User\.|Realm\.|VM\.Console|VM\.Migrate|Datastore\.Allocate(?![A-Z])|undefined|</)
})

it('stands in docs/deploy.md word for word', () => {
  expect(read('docs/deploy.md')).toContain(pveum(named).map((line) => `    ${line}\n`).join(''))
})

it('is printed for other names, without a Worker and a key', async () => {
  const rim = { env: {}, login: () => 'somebody', now: () => 0, confirm: undefined }
  const { code, out } = await run(['rights', '--storage', 'tank', '--bridge', 'vmbr9'], rim)
  expect([code, out]).toEqual([0, pveum({ ...named, storage: 'tank', bridge: 'vmbr9' }).join('\n')])
  expect(await run(['rights', '--storage', 'a b; reboot'], rim)).toMatchObject({ code: 2, out: '' })
})
