// The order page: a frame that its own small script fills from server-sent events. It loads nothing from anywhere else and
// shows only what the order's view says.
import { html, raw } from 'hono/html'
import { script } from './page-script.ts'
import { style } from './page-style.ts'

/** `nonce` allows the inline style and script. The page finds its events beside its own address. */
export function orderPage(nonce: string) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Your order</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<section class="card" aria-labelledby="headline">
<p class="host" id="host"></p>
<h1 id="headline">Your order</h1>
<p id="message" role="status">Asking how far it is …</p>
<div id="progress" class="bar" role="progressbar" aria-labelledby="headline" aria-valuemin="0" aria-valuemax="100" hidden><div></div></div>
<p id="left" class="soft"></p>
<p id="links" class="links" hidden></p>
</section>
<section class="card" id="details" aria-labelledby="steps-title" hidden>
<h2 id="steps-title">Step by step</h2>
<ol id="steps"></ol>
</section>
<p id="line" class="soft">&nbsp;</p>
<noscript><p class="card">This page follows your order with a small script. Without JavaScript, please look at your customer area.</p></noscript>
</main>
<script nonce="${nonce}">${raw(script)}</script>
</body>
</html>`
}
