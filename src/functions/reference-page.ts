// The reference as a page for people: made of the OpenAPI document on the server, without a script, nothing loaded from elsewhere.
import { html, raw } from 'hono/html'

/** What the page reads of a JSON schema. */
interface Schema {
  $ref?: string; type?: string; description?: string; enum?: unknown[]; const?: unknown; default?: unknown; maxLength?: number; pattern?: string; format?: string
  properties?: Record<string, Schema>; required?: string[]; items?: Schema; additionalProperties?: Schema | boolean; anyOf?: Schema[]; oneOf?: Schema[]
}
interface Content { content?: Record<string, { schema?: Schema }> }
interface Operation {
  tags: string[]; summary: string; description?: string; security: Record<string, unknown>[]; requestBody?: Content
  parameters: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  responses: Record<string, Content & { description: string }>
}
export interface Document {
  info: { title: string; description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, { description?: string }> }
}

/** `nonce` allows the inline style. */
export function referencePage(document: Document, nonce: string) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })))
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${document.info.title}: HTTP interface</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<h1>${document.info.title}: HTTP interface</h1>
${document.info.description.split('\n\n').map((text) => html`<p>${words(text)}</p>`)}
<p>The same for machines: <a href="/openapi.json">openapi.json</a>.</p>
<nav aria-label="Groups">${[...groups.keys()].map((name) => html`<a href="#${anchor(name)}">${name}</a>`)}</nav>
${[...groups].map(([name, of]) => html`<section aria-labelledby="${anchor(name)}">
<h2 id="${anchor(name)}">${name}</h2>
${of.map(({ method, path, operation }) => shown(document, method, path, operation))}
</section>`)}
<section aria-labelledby="credentials">
<h2 id="credentials">Credentials</h2>
<dl>${Object.entries(document.components.securitySchemes).map(([name, { description = '' }]) => html`<dt><code>${name}</code></dt><dd>${description} Sent as <code>Authorization: Bearer …</code>.</dd>`)}</dl>
</section>
</main>
</body>
</html>`
}

function shown(document: Document, method: string, path: string, { summary, description, security, parameters, requestBody, responses }: Operation) {
  const keys = security.flatMap((one) => Object.keys(one))
  const { 200: done, ...refusals } = responses
  return html`<details id="${anchor(`${method} ${path}`)}">
<summary><code class="method ${method.toLowerCase()}">${method}</code> <code>${path}</code> <span>${summary}</span></summary>
${description === undefined ? '' : html`<p>${words(description)}</p>`}
<p class="soft">${keys.length > 0 ? html`Needs a <a href="#credentials">${keys.join(', ')}</a> key.` : 'Needs no key.'}</p>
${parameters.length > 0 ? html`<h3>In the address</h3>${fields(document, parameters.map((one) => [one.name, { ...one.schema, description: one.description ?? '' }, one.required === true, one.in]))}` : ''}
${Object.values(requestBody?.content ?? {}).map(({ schema = {} }) => html`<h3>JSON body</h3>${objectOf(document, schema)}`)}
<h3>Answer</h3>
${Object.entries(done?.content ?? {}).map(([type, { schema = {} }]) => html`<p><code>200</code> <code>${type}</code> ${type === 'application/json' ? '' : schema.description ?? ''}</p>${type === 'application/json' ? objectOf(document, schema) : ''}`)}
<h3>Refusals</h3>
<dl>${Object.entries(refusals).map(([status, { description: means }]) => html`<dt><code>${status}</code></dt><dd>${means.split('\n\n').map((text) => html`${words(text)}<br>`)}</dd>`)}</dl>
</details>`
}

/** The fields of an object; each form of one that has several. */
function objectOf(document: Document, schema: Schema): unknown {
  const { properties, required = [], anyOf, oneOf } = resolved(document, schema)
  if (!properties) return (anyOf ?? oneOf ?? []).map((one) => objectOf(document, one))
  return fields(document, Object.entries(properties).map(([name, of]) => [name, of, required.includes(name), '']))
}

const fields = (document: Document, all: [string, Schema, boolean, string][]) => html`<table><tbody>${all.map(([name, schema, required, where]) =>
  html`<tr><th scope="row"><code>${name}</code>${required ? '' : html` <span class="soft">optional</span>`}</th><td><span class="kind">${kind(document, schema)}${where === '' ? '' : `, in the ${where}`}</span> ${words(schema.description ?? '')}${inner(document, schema)}</td></tr>`)}</tbody></table>`

/** The fields of what a field holds. */
function inner(document: Document, schema: Schema): unknown {
  const held = [schema, ...(schema.anyOf ?? [])].map((one) => resolved(document, one)).map((one) => (one.items ? resolved(document, one.items) : one)).find((one) => one.properties)
  return held ? objectOf(document, held) : ''
}

const resolved = (document: Document, schema: Schema): Schema => (schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})

function kind(document: Document, schema: Schema): string {
  const { type, enum: values, const: only, anyOf, oneOf, items, format, maxLength, pattern, default: preset } = resolved(document, schema)
  if (values) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (only !== undefined) return JSON.stringify(only)
  const either = anyOf ?? oneOf
  if (either) return [...new Set(either.map((one) => kind(document, one)))].join(' | ')
  if (type === 'array') return `list of ${items ? kind(document, items) : 'anything'}`
  const bounds = format ?? (pattern === undefined ? (maxLength === undefined ? '' : `at most ${maxLength} characters`) : `matching ${pattern}`)
  return `${type ?? 'anything'}${bounds === '' ? '' : ` (${bounds})`}${preset === undefined || preset === '' ? '' : `, ${JSON.stringify(preset)} when missing`}`
}

const anchor = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-')

/** Text with its \`code\` marked. */
const words = (text: string) => text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))

const style = `:root {
  color-scheme: light dark;
  --ink: light-dark(#15232d, #e6eef3); --soft: light-dark(#526472, #9fb1bd); --paper: light-dark(#f3f7f9, #0e161b); --card: light-dark(#ffffff, #172229);
  --line: light-dark(#d9e3e8, #2b3b45); --brand: light-dark(#0d6179, #5fc0d8); --good: light-dark(#17663a, #6fd69b);
}
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
main { max-width: 60rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) clamp(.9rem, 4vw, 1.5rem) }
h1 { font-size: clamp(1.4rem, 5vw, 1.9rem); line-height: 1.2; margin: 0 0 .6rem }
h2 { font-size: 1.25rem; margin: 2rem 0 .6rem }
h3 { font-size: .95rem; margin: 1.1rem 0 .3rem }
p { margin: 0 0 .7rem }
a { color: var(--brand) }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1rem }
details { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: .7rem 1rem; margin: 0 0 .6rem }
summary { cursor: pointer; display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline }
summary span { color: var(--soft) }
details[open] > summary { margin-bottom: .8rem }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; border-radius: .2rem }
code { font: .92em ui-monospace, monospace }
.method { font-weight: 700; color: var(--brand) }
.method.get { color: var(--good) }
.soft, .kind, dd { color: var(--soft) }
.kind { font: .88em ui-monospace, monospace }
table { width: 100%; border-collapse: collapse; font-size: .95rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line) }
th { width: 13rem; font-weight: 500 }
td table { margin-top: .4rem; font-size: .95em }
td th { width: 9rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: 0 }
dd { margin: 0 }
@media (max-width: 38rem) { th, td { display: block; width: auto; padding-right: 0 } td { border-top: 0; padding-top: 0 } }
`
