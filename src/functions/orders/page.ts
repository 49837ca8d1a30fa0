// The order page. Filled in by its own small script from server-sent events.
import { html } from 'hono/html'

/** `path` is the order's own path, `nonce` allows the inline style and script. */
export function orderPage(path: string, nonce: string) {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Your order</title></head><body><pre id="order"></pre>
<script nonce="${nonce}">const s=new EventSource(${JSON.stringify(path)}+'/events');s.addEventListener('order',e=>{document.getElementById('order').textContent=JSON.stringify(JSON.parse(e.data),null,2)})</script></body></html>`
}
