// The storefront's pages as plain HTML: the shop with its services, the question before a termination. Everything is escaped.
import { html, raw } from 'hono/html'
import { planNames, plans, type PlanName } from '../../src/domain/plan.ts'

type Html = ReturnType<typeof html>

/** One service as the list shows it. `status` is the order's own word, `order` the path of its page. */
export interface Shown { id: string; email: string; plan: PlanName; label: string; url: string; order: string; status: string; at: number }

const busy = new Set(['building', 'changing', 'suspending', 'resuming', 'terminating', 'undoing', 'unknown'])
const words: Record<string, string> = { undone: 'could not be built', unknown: 'no answer', stuck: 'needs a person' }
const blurbs: Record<PlanName, string> = { basic: 'A blog or a small site', standard: 'A busy site or a small shop', premium: 'A large shop or many visitors' }

/** The frame of every page of the lab. */
export function page(title: string, body: Html) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Berth</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="top"><div class="wide">
<a class="brand" href="/">${anchor()}Berth</a>
<nav aria-label="Main"><a href="/#services">Services</a> <a href="/mail">Mail</a> <a href="/registrar">My registrar</a></nav>
</div></header>
<main class="wide">
${body}
</main>
<footer class="wide">This shop stands in for Paymenter in a simulated data centre on your machine. Nothing is charged, no mail leaves it.</footer>
</body>
</html>`
}

const anchor = () => raw('<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><circle cx="12" cy="5" r="2"/><path d="M12 7v14M8 10h8M4 14c0 4 4 7 8 7s8-3 8-7"/></svg>')

export function shopPage(services: readonly Shown[], said: { error?: string; email?: string; plan?: string }) {
  return page('WordPress hosting', html`
<section aria-labelledby="buy">
<h1 id="buy">A WordPress site, ready in a moment</h1>
<p class="lead">Choose a plan and pay. Your site gets its own container on replicated storage, its own address and its own WordPress.</p>
${said.error ? html`<p class="error" role="alert">${said.error}</p>` : ''}
<form method="post" action="/buy" class="buy">
<fieldset>
<legend>Plan</legend>
<div class="plans">${planNames.map((name) => planCard(name, name === (said.plan ?? 'basic')))}</div>
</fieldset>
<div class="pay">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="email" placeholder="you@example.com" value="${said.email ?? ''}" aria-describedby="email-hint">
</div>
<button class="primary">Pay and build my site</button>
</div>
<p class="hint" id="email-hint">The log-in arrives by mail: see <a href="/mail">the lab's mailbox</a>. Nothing is charged.</p>
</form>
</section>
<section aria-labelledby="mine">
<h2 id="mine">Services</h2>
<div id="services">${servicesList(services)}</div>
</section>
<script src="/storefront.js" defer></script>`)
}

function planCard(name: PlanName, checked: boolean) {
  const { memoryMb, diskGb, cores, backups, domains } = plans[name]
  return html`<label class="plan"><input type="radio" name="plan" value="${name}" ${checked ? raw('checked') : ''}>
<span class="plan-name">${name}</span>
<span class="plan-blurb">${blurbs[name]}</span>
<span class="plan-facts"><span><b>${memoryMb / 1024} GB</b> memory</span><span><b>${diskGb} GB</b> disk, two replicas</span><span><b>${cores}</b> cores</span><span><b>${backups}</b> backups</span><span><b>${domains}</b> own domains</span></span></label>`
}

export function servicesList(services: readonly Shown[]) {
  if (services.length === 0) return html`<p class="empty">No services yet. The first one you buy appears here.</p>`
  const ended = services.filter(({ status }) => status === 'terminated')
  const others = services.filter(({ status }) => status !== 'terminated')
  return html`<ul class="services">${others.map(serviceItem)}</ul>
${ended.length > 0 ? html`<details class="ended"><summary>Terminated (${ended.length})</summary><ul class="services">${ended.map(serviceItem)}</ul></details>` : ''}`
}

function serviceItem({ id, email, plan, label, url, order, status }: Shown) {
  const host = new URL(url).hostname
  const open = status === 'live' || status === 'suspended'
  return html`<li class="service" ${busy.has(status) ? raw('data-busy') : ''}>
<div class="what">
<p class="site">${open ? html`<a href="${url}">${host}</a>` : host} <span class="badge ${status}">${words[status] ?? status}</span></p>
<p class="hint">${plan} · ${email} · service ${id}</p>
<p class="links"><a href="${order}">Progress</a>${status === 'live' ? html` <a href="${url}/wp-admin/">wp-admin</a>` : ''} <a href="/mail?to=${encodeURIComponent(email)}">Mail</a></p>
</div>
<div class="do">
${status === 'live' ? html`<form method="post" action="/services/${id}/log-in" target="_blank"><button aria-label="Log in to WordPress of ${label}">Log in to WordPress</button></form>` : ''}
${status === 'live' || status === 'changing' || status === 'building' || status === 'resuming' ? button(id, 'suspend', 'Suspend', label) : ''}
${status === 'suspended' || status === 'suspending' ? button(id, 'resume', 'Resume', label) : ''}
${status === 'terminated' || status === 'terminating' ? '' : html`<a class="button danger" href="/services/${id}/terminate" aria-label="Terminate ${label}">Terminate</a>`}
${status === 'live' || status === 'changing' ? more(id, label, plan) : ''}
</div></li>`
}

const button = (id: string, action: string, word: string, label: string) =>
  html`<form method="post" action="/services/${id}/${action}"><button aria-label="${word} ${label}">${word}</button></form>`

/** What its owner may do with a site that stands. */
const more = (id: string, label: string, plan: PlanName) => html`<details class="more"><summary aria-label="More for ${label}">More</summary>
<div class="do">${(['Stop', 'Start', 'Restart', 'Reset', 'Toggle'] as const).map((word) => button(id, word.toLowerCase(), word, label))}
<form method="post" action="/services/${id}/upgrade"><select name="plan" aria-label="Plan of ${label}">${planNames.map((name) => html`<option ${name === plan ? raw('selected') : ''}>${name}</option>`)}</select> <button aria-label="Change the plan of ${label}">Change plan</button></form></div></details>`

/** Asks before everything of a site is removed. */
export function confirmPage({ id, label, email }: Pick<Shown, 'id' | 'label' | 'email'>) {
  return page('Terminate', html`<section class="narrow">
<h1>Terminate ${label}?</h1>
<p>The container, its disk and snapshots, the DNS record and the proxy host of this site are removed. <strong>Its content cannot be brought back.</strong></p>
<p class="hint">Service ${id} of ${email}</p>
<div class="do"><form method="post" action="/services/${id}/terminate"><button class="danger">Terminate the site</button></form> <a class="button" href="/">Keep it</a></div>
</section>`)
}

export function notFoundPage() {
  return page('Not found', html`<section class="narrow"><h1>There is nothing here</h1><p><a href="/">Back to the shop</a></p></section>`)
}
