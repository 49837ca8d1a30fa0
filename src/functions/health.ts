// GET /health: the Worker runs and its configuration is valid. Says nothing else, because anybody may ask.
import type { Hono } from 'hono'
import { configOf } from '../config.ts'
import { mount, type App } from './access.ts'

export function health(app: Hono<App>): void {
  mount(app, 'GET /health', (c) => {
    configOf(c.env)
    return c.json({ status: 'ok', timestamp: new Date().toISOString() })
  })
}
