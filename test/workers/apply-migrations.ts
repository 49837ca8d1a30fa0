// Before each file: D1 has its tables, and no upstream is there until a test connects one.
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject } from 'vitest'
import { disconnect } from './upstream.ts'

await applyD1Migrations(env.DB, inject('d1Migrations'))
disconnect()
