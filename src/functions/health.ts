// GET /health: the Worker runs and its configuration is valid. Says nothing else, because anybody may ask.
import type { Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'

const Health = z.object({ status: z.literal('ok'), timestamp: z.iso.datetime() })

export function health(app: Hono<App>): void {
  mount(app, 'GET /health', { group: 'Platform', summary: 'Whether the platform runs', answer: Health })((c) => {
    configOf(c.env)
    return { status: 'ok', timestamp: new Date().toISOString() }
  })
}
