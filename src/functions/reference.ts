// GET /openapi.json and GET /reference: what can be called, for machines and for people. Public: it says nothing that a
// credential protects. Made of the mounted routes at the first request.
import type { Hono } from 'hono'
import { NONCE, secureHeaders } from 'hono/secure-headers'
import * as z from 'zod'
import type { App } from './access.ts'
import { documentOf } from './document.ts'
import { mount } from './mount.ts'
import { referencePage, type Document } from './reference-page.ts'

export function reference(app: Hono<App>): void {
  let made: Promise<Document> | undefined
  // What cannot be said in JSON is not in it.
  const document = (): Promise<Document> => (made ??= documentOf(app).then((all) => JSON.parse(JSON.stringify(all)) as Document))

  mount(app, 'GET /openapi.json', { group: 'Platform', summary: 'What can be called, for machines', about: 'This document: OpenAPI 3.1.', answer: z.looseObject({ openapi: z.literal('3.1.0') }) })(
    async (c) => c.json(await document()))

  mount(app, 'GET /reference', {
    group: 'Platform', summary: 'What can be called, for people', forms: { 'text/html': 'A page without a script.' },
    before: [secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: [NONCE], imgSrc: ["'self'", 'data:'], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] }, referrerPolicy: 'no-referrer' })],
  })(async (c) => c.html(referencePage(await document(), c.get('secureHeadersNonce') ?? '')))
}
