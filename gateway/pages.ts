// The page that visitors of a suspended site see. It stands alone: no asset, no script, nothing about the tenant,
// and nothing that a search engine or a cache would keep.

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>This site is paused</title>
<style>
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.05rem/1.6 system-ui, sans-serif; color: #1b2733; background: #eef3f6 }
main { max-width: 32rem; margin: 1.5rem; padding: 2.5rem; background: #fff; border-radius: 1rem; border-top: .4rem solid #12677f }
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.25 }
p { margin: 0 0 1rem }
footer { color: #4d5f6e; font-size: .9rem }
@media (prefers-color-scheme: dark) { body { color: #e8eef2; background: #10181e } main { background: #1a252d; border-top-color: #4fb3cc } footer { color: #a9bac5 } }
</style>
</head>
<body>
<main>
<h1>This site is paused</h1>
<p>Its content is safe and it can be back within minutes.</p>
<p>If it is yours, please see the invoices in your customer area, or write to support. If you came to visit, please try again later.</p>
<footer>Hosted with Berth</footer>
</main>
</body>
</html>
`

/** 503, so that search engines keep the site and come back. */
export function suspendedPage(): Response {
  return new Response(page, {
    status: 503,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'retry-after': '3600',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
  })
}
