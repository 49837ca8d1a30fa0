// The registrar's pages as plain HTML in the frame of the lab. Everything is escaped.
import { html, raw } from 'hono/html'
import type { ResourceRecord } from '../../src/domain/dns/answer.ts'
import { page } from '../storefront/pages.ts'
import type { Registration } from './internet.ts'

const said = (error: string | undefined) => (error ? html`<p class="error" role="alert">${error}</p>` : '')

export function listPage(domains: readonly string[], error?: string) {
  return page('My registrar', html`<section>
<h1>My registrar</h1>
<p class="lead">The simulated Internet knows the domains that are registered here, and no others. Register one, point it to your site, then add it to the site.</p>
${said(error)}
<form method="post" action="/registrar" class="pay">
<div class="field"><label for="domain">Domain</label><input id="domain" name="domain" required maxlength="253" placeholder="example.com" autocapitalize="none" spellcheck="false"></div>
<button class="primary">Register</button>
</form>
<h2>Domains</h2>
${domains.length === 0 ? html`<p class="empty">None yet.</p>` : html`<ul class="services">${domains.map((one) => html`<li class="service"><p class="site"><a href="/registrar/${one}">${one}</a></p></li>`)}</ul>`}
</section>`)
}

export interface Shown { apex: string; registration: Registration; records: readonly ResourceRecord[]; ours: readonly string[]; own: readonly string[] }

export function domainPage({ apex, registration, records, ours, own }: Shown, error?: string) {
  const away = !registration.nameServers.some((one) => own.includes(one))
  return page(apex, html`<section>
<h1>${apex}</h1>
<p class="lead"><a href="/registrar">All domains</a></p>
${said(error)}
<h2 id="delegation">Name servers</h2>
<form method="post" action="/registrar/${apex}/delegation">
<div class="field"><label for="servers">Host names</label><input id="servers" name="nameServers" required value="${registration.nameServers.join(' ')}" aria-describedby="servers-hint" autocapitalize="none" spellcheck="false"></div>
<p class="hint" id="servers-hint">The registrar's own: ${own.join(' ')} · the platform's: ${ours.join(' ')}</p>
<p><label><input type="checkbox" name="ds" ${registration.ds ? raw('checked') : ''}> The registry holds a DS record (DNSSEC), as one that was left behind by a former provider</label></p>
<button>Change the delegation</button>
</form>
<h2 id="records">Records</h2>
${away ? html`<p class="hint">These records are not in use: the domain is delegated elsewhere.</p>` : ''}
<ul class="services">${records.map((one, i) => html`<li class="service"><div class="what"><p class="site">${one.name} <span class="badge">${one.type}</span></p><p class="hint">${one.data} · ${one.ttlSeconds} s</p></div>
<div class="do"><form method="post" action="/registrar/${apex}/remove"><input type="hidden" name="at" value="${i}"><button class="danger" aria-label="Delete ${one.type} ${one.name}">Delete</button></form></div></li>`)}</ul>
<h2>Add a record</h2>
<form method="post" action="/registrar/${apex}/add" class="pay">
<div class="field"><label for="name">Name</label><input id="name" name="name" placeholder="@" autocapitalize="none" spellcheck="false"></div>
<div class="field"><label for="type">Type</label><select id="type" name="type">${['A', 'AAAA', 'CNAME', 'TXT', 'MX', 'CAA', 'NS'].map((one) => html`<option>${one}</option>`)}</select></div>
<div class="field"><label for="data">Data</label><input id="data" name="data" required placeholder="203.0.113.10" autocapitalize="none" spellcheck="false"></div>
<div class="field"><label for="ttl">TTL in seconds</label><input id="ttl" name="ttl" inputmode="numeric" value="300"></div>
<button class="primary">Add</button>
</form>
<h2>Give the domain back</h2>
<form method="post" action="/registrar/${apex}/unregister"><button class="danger">Unregister ${apex}</button></form>
</section>`)
}
