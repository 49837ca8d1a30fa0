// A release runs on what the one before it has written, and on what the one after it has added; what it cannot read it does not touch.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSchema, schemas } from '../../src/domain/schema.ts'
import { Disk } from '../../lab/disk.ts'
import { GateBook } from '../../src/broker/gate-book.ts'
import { tables, type Shape, type Tables } from '../journals/tables.ts'
import { live } from '../simulation/history.ts'
import type { Platform } from '../simulation/platform.ts'

const folder = path.join(import.meta.dirname, '../journals')
const saved = readdirSync(folder).filter((name) => name.endsWith('.schema.json')).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
const read = (file: string): Shape => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Shape

/** What a release that knows `old` cannot do on `now`. */
function missing(old: Tables, now: Tables): string[] {
  return Object.entries(old).flatMap(([table, columns]) => {
    const here = now[table]
    if (!here) return [`${table} is gone`]
    return [
      ...Object.entries(columns).flatMap(([name, { type }]) => (here[name]?.type === type ? [] : [`${table}.${name} is ${here[name] ? `${here[name].type}, was ${type}` : 'gone'}`])),
      ...Object.entries(here).flatMap(([name, { needs }]) => (needs && !columns[name] ? [`${table}.${name} needs a value that the older release does not give`] : [])),
    ]
  })
}

describe('tables', () => {
  it('are saved for this release', () => {
    expect(saved).toContain(`${version}.schema.json`)
  })

  // The release before this one, and this one as it was saved: further back nobody goes.
  it.each(saved.slice(-2))('of %s can be used as they stand now', (file) => {
    const [old, now] = [read(file), tables()]
    const wrong = Object.entries(old.objects).flatMap(([kind, one]) => missing(one, now.objects[kind as keyof typeof schemas]).map((what) => `${kind}: ${what}`))
    expect([...wrong, ...missing(old.d1, now.d1).map((what) => `D1: ${what}`)]).toEqual([])
    for (const [kind, { version: number }] of Object.entries(old.schemas)) expect([kind, schemas[kind as keyof typeof schemas].readableFrom <= number]).toEqual([kind, true])
  })

  it('are found wanting when a column goes, changes, or comes and needs a value', () => {
    const one = (needs: boolean, type = 'TEXT') => ({ type, needs })
    expect(missing({ a: { x: one(true) }, b: {} }, { a: { x: one(true, 'INTEGER'), y: one(true), z: one(false) } })).toEqual(['a.x is INTEGER, was TEXT', 'a.y needs a value that the older release does not give', 'b is gone'])
  })

  it('are numbered so that the release before may always come back', () => {
    for (const [kind, { version: number, readableFrom }] of Object.entries(schemas)) expect([kind, readableFrom <= Math.max(1, number - 1)]).toEqual([kind, true])
  })
})

describe('what a later release has written', () => {
  const add = (platform: Platform): void => {
    for (const { disk } of platform.tenants.values()) {
      for (const query of ['ALTER TABLE step ADD COLUMN later TEXT', "ALTER TABLE journal ADD COLUMN later TEXT DEFAULT 'x'", 'CREATE TABLE later (id INTEGER PRIMARY KEY)']) disk.read(query)
      disk.read(`UPDATE meta SET tenant = json_set(tenant, '$.later', json('{"a":1}'), '$.site.later', 'b')`)
      disk.read(`UPDATE step SET body = json_set(body, '$.later', 'c')`)
    }
    platform.allocatorDisk.read("ALTER TABLE service ADD COLUMN later TEXT")
    platform.gateDisk.read("ALTER TABLE lease ADD COLUMN later TEXT DEFAULT 'x'")
    for (const host of platform.tenants.values()) platform.crash(host)
    platform.restartGate()
  }

  it('and only added is worked on, and what was added is kept', async () => {
    const kept: unknown[] = []
    const look = (platform: Platform): void => {
      const { disk } = platform.tenant('one')!
      kept.push(disk.read("SELECT tenant ->> '$.later.a' AS a, tenant ->> '$.site.later' AS b FROM meta")[0], disk.read("SELECT count(*) AS n FROM step WHERE body ->> '$.later' = 'c'")[0]!['n'] === disk.read('SELECT count(*) AS n FROM step')[0]!['n'])
    }
    const { violations, outcomes } = await live({
      seed: 1, events: [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 200_000, service: 'one', verb: 'suspend' }, { atMs: 300_000, service: 'one', verb: 'unsuspend' }, { atMs: 500_000, service: 'one', verb: 'terminate' }],
      also: [{ atMs: 70_000, run: add }, { atMs: 450_000, run: look }],
    })
    expect([violations, outcomes, kept]).toEqual([[], { one: 'terminated' }, [{ a: 1, b: 'b' }, true]])
  })

  it('and needs a newer one is not touched until one comes', async () => {
    const meanwhile: number[] = []
    const lines = (platform: Platform): number => platform.tenant('one')!.disk.read('SELECT count(*) AS n FROM journal')[0]!['n'] as number
    const stamp = (number: number) => (platform: Platform): void => {
      const host = platform.tenant('one')!
      host.disk.read(`UPDATE meta SET schema_version = ${number}`)
      platform.crash(host)
      meanwhile.push(lines(platform))
      platform.dc.clock.after(1, () => host.actor.wake())
    }
    const { violations, outcomes } = await live({
      seed: 2, events: [{ atMs: 0, service: 'one', verb: 'create' }],
      also: [{ atMs: 60_000, run: stamp(schemas.tenant.version + 1) }, { atMs: 500_000, run: (platform) => void meanwhile.push(lines(platform)) }, { atMs: 501_000, run: stamp(schemas.tenant.version) }],
    })
    expect([violations, outcomes]).toEqual([[], { one: 'live' }])
    expect(new Set(meanwhile).size).toBe(1)
  })

  it('stops an object of the cluster, so that whoever asks it waits', () => {
    const { storage } = new Disk().open()
    expect(openSchema(storage, { version: 3, readableFrom: 2 })).toBe(false)
    expect(() => new GateBook(storage, () => undefined)).toThrow('written by a newer release')
    // The same release once more, and the one before it.
    expect([openSchema(storage, { version: 3, readableFrom: 2 }), openSchema(storage, { version: 2, readableFrom: 1 })]).toEqual([false, false])
  })
})
