// GET /openapi.json: what can be called, for machines. Public: it says nothing that a credential protects.
import type { Hono } from 'hono'
import * as z from 'zod'
import type { App } from './access.ts'
import { documentOf } from './document.ts'
import { mount } from './mount.ts'

export function reference(app: Hono<App>): void {
  let made: ReturnType<typeof documentOf> | undefined
  mount(app, 'GET /openapi.json', { group: 'Platform', summary: 'This document', answer: z.looseObject({ openapi: z.literal('3.1.0') }) })(async () => Response.json(await (made ??= documentOf(app))))
}
