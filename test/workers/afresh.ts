// Before each file: no object and no row of the one before is left, D1 has its tables, the engine its real patience, and no
// upstream is there until a test connects one.
import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject } from 'vitest'
import { afresh } from './upstream.ts'

await reset()
await applyD1Migrations(env.DB, inject('d1Migrations'))
afresh()
