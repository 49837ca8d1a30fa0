// GET /openapi.json and GET /reference: what can be called, for machines and for people. Public: it says nothing that a
// credential protects. Made of the mounted routes at the first request.
import type { Hono } from 'hono'
import { NONCE, secureHeaders } from 'hono/secure-headers'
import * as z from 'zod'
import type { App } from './access.ts'
import { documentOf } from './document.ts'
import { descriptions, mount } from './mount.ts'
import { referencePage, type Document } from './reference-page.ts'

export function reference(app: Hono<App>): void {
  let made: ReturnType<typeof documentOf> | undefined
  const document = () => (made ??= documentOf(descriptions(app)))

  mount(app, 'GET /openapi.json', { group: 'Platform', summary: 'What can be called, for machines', about: 'This document: OpenAPI 3.1.', answer: z.looseObject({ openapi: z.literal('3.1.0') }) })(
    (c) => c.json(document()))

  mount(app, 'GET /reference', {
    group: 'Platform', summary: 'What can be called, for people', forms: { 'text/html': 'A page without a script.' },
    before: [secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: [NONCE], imgSrc: ["'self'", 'data:'], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] }, referrerPolicy: 'no-referrer' })],
  })((c) => c.html(referencePage(document() as unknown as Document, c.get('secureHeadersNonce') ?? '')))
}
