// The proof that a site is there: its own title on its own front page. A status of 200 is none.
import { request } from 'node:http'

/** Whether the page that `address` serves for `url` bears `title`; if not, what it bears, in words. Throws when nothing answers. */
export async function missesTitle(address: URL, url: URL, title: string): Promise<string | undefined> {
  const { status, body } = await get(address, url)
  const shown = /<title>(.*?)<\/title>/is.exec(body)?.[1] ?? ''
  return status === 200 && bare(shown).includes(bare(title)) ? undefined : `the front page answers ${status} with the title "${shown.slice(0, 100)}"`
}

// WordPress writes quotes and dashes its own way, so letters and digits are compared.
const bare = (text: string): string => text.replace(/&#?\w+;/g, '').replace(/[^\p{L}\p{N}]/gu, '').toLowerCase()

function get(address: URL, url: URL): Promise<{ status: number; body: string }> {
  // Node's fetch ignores a Host header, so it is not used here.
  const headers = { host: url.host, 'x-forwarded-proto': url.protocol.replace(':', '') }
  return new Promise((resolve, reject) => {
    const asked = request(new URL(url.pathname, address), { headers, timeout: 60_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    asked.on('timeout', () => asked.destroy(new Error('the front page did not answer')))
    asked.on('error', reject)
    asked.end()
  })
}
