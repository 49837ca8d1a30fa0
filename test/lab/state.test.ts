// The state folder: what was is still there after a stop, and two labs never share it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { realClock } from '../../lab/clock.ts'
import { UsageError } from '../../lab/options.ts'
import { openState, type State } from '../../lab/state.ts'

const folders: string[] = []
const open: State[] = []

afterEach(() => {
  for (const state of open.splice(0)) state.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'berth-state-'))
  folders.push(made)
  return made
}

async function opened(dir: string, seed = 1): Promise<State> {
  const state = await openState(dir, realClock(), seed)
  open.push(state)
  return state
}

function closed(state: State): void {
  open.splice(open.indexOf(state), 1)
  state.close()
}

test('a world goes on where it stopped', async () => {
  const dir = folder()
  const first = await opened(dir)
  expect(first.old).toBe(false)
  first.world.slice('shop', () => ({ sold: 0 })).sold = 3
  closed(first)
  const second = await opened(dir)
  expect(second.old).toBe(true)
  expect(second.world.slice('shop', () => ({ sold: 0 })).sold).toBe(3)
})

test('what was still to happen happens after a restart', async () => {
  const dir = folder()
  const first = await opened(dir)
  first.world.on('ring', () => undefined)
  first.world.later(0, 'ring', { bell: 1 })
  closed(first)
  const second = await opened(dir)
  const rung = new Promise((resolve) => second.world.on('ring', resolve))
  second.world.start()
  expect(await rung).toEqual({ bell: 1 })
})

test('a change is on disk before the lab is closed, and the file is replaced whole', async () => {
  const dir = folder()
  const state = await opened(dir)
  state.world.slice('shop', () => ({ sold: 1 }))
  state.world.changed()
  state.save()
  expect(JSON.parse(readFileSync(join(dir, 'world.json'), 'utf8'))).toMatchObject({ slices: { shop: { sold: 1 } } })
  expect(readdirSync(dir)).not.toContain('world.json.part')
})

test('a folder in use is refused, and free again afterwards', async () => {
  const dir = folder()
  // Another living process: the one that runs this test's process.
  writeFileSync(join(dir, 'lab.lock'), String(process.ppid))
  await expect(openState(dir, realClock(), 1, 0)).rejects.toThrow(/another lab is running/)
  rmSync(join(dir, 'lab.lock'))
  expect((await opened(dir)).old).toBe(false)
})

test('the lock of a killed lab is nobody’s', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'lab.lock'), '999999999')
  expect((await opened(dir)).old).toBe(false)
})

test('a world that cannot be read is said, never overwritten', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'world.json'), '{"half')
  await expect(openState(dir, realClock(), 1)).rejects.toThrow(UsageError)
  expect(readFileSync(join(dir, 'world.json'), 'utf8')).toBe('{"half')
  rmSync(join(dir, 'world.json'))
  expect((await opened(dir)).old).toBe(false)
})
