// The lab's mailbox: what customers got by mail, newest first. Text is escaped; only http addresses become links.
import { html } from 'hono/html'
import type { Mail } from '../wordpress/mailbox.ts'
import { page } from './pages.ts'

/** `to` narrows it down to one address. */
export function mailPage(mails: readonly Mail[], to: string | undefined) {
  const shown = to ? mails.filter((mail) => mail.to === to) : mails
  return page('Mail', html`<section aria-labelledby="mail">
<h1 id="mail">Mail${to ? html` to ${to}` : ''}</h1>
<p class="lead">What WordPress sent to the owners of the sites. ${to ? html`<a href="/mail">All mail</a>` : ''}</p>
${shown.length === 0 ? html`<p class="empty">No mail yet. It arrives when WordPress is installed.</p>` : shown.map(one)}
</section>`)
}

const one = (mail: Mail) => html`<article class="mail">
<h2>${mail.subject}</h2>
<p class="hint">To ${mail.to} · <time datetime="${new Date(mail.at).toISOString()}">${new Date(mail.at).toISOString().slice(0, 19).replace('T', ' ')} UTC</time></p>
<pre>${linked(mail.text)}</pre>
</article>`

/** Every other piece of the split is an address. */
const linked = (text: string) => text.split(/(https?:\/\/[^\s<>"']+)/).map((piece, i) => (i % 2 === 1 ? html`<a href="${piece}">${piece}</a>` : piece))
