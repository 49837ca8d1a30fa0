// What stands between the Worker and the gateway: Cloudflare's edge, its Access, the tunnel. Says what an answer or an error that comes
// from there means. Our gateway marks whatever it passes on or says itself, so only unmarked answers are asked about here.
// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
import type { Fate } from '../domain/errors.ts'

const refusals: Record<number, string> = {
  401: 'Cloudflare Access does not know our service token: wrong, expired or deleted (ACCESS_SERVICE_TOKEN)',
  403: 'Cloudflare Access knows our service token, but no Service Auth policy of its application admits it',
}

/** Of these Cloudflare says that no connection to the other end came about; of the others it cannot know what was done. */
const failures: Record<number, { fate: Fate; why: string }> = {
  520: { fate: 'unknown', why: 'Cloudflare got an answer that is no HTTP' },
  521: { fate: 'not-sent', why: 'Cloudflare was refused a connection' },
  522: { fate: 'unknown', why: 'Cloudflare got no answer in time' },
  523: { fate: 'not-sent', why: 'Cloudflare finds no way to it' },
  524: { fate: 'unknown', why: 'Cloudflare waited for the answer until its time-out' },
  525: { fate: 'not-sent', why: 'Cloudflare could not agree with it on TLS' },
  526: { fate: 'not-sent', why: 'Cloudflare does not believe its certificate' },
}

/** What an answer without a mark of the gateway means; undefined when it says nothing of its own. */
export function edgeSays({ status, headers }: Response, text: string): { fate: Fate; why: string } | undefined {
  const location = headers.get('location') ?? ''
  if (status >= 300 && status < 400) {
    const host = URL.canParse(location) ? new URL(location).hostname : ''
    if (!host.endsWith('.cloudflareaccess.com')) return { fate: 'credentials', why: `something before the gateway redirects${host && ` to ${host}`} instead of answering` }
    return { fate: 'credentials', why: 'Cloudflare Access wants a log-in: no service token was sent, or its application has no Service Auth policy for it' }
  }
  if (status === 403 && headers.get('cf-mitigated') !== null) return { fate: 'credentials', why: 'Cloudflare challenges us as it does browsers: a rule of the zone must let the gateway\'s name through' }
  const refusal = refusals[status]
  if (refusal !== undefined) return { fate: 'credentials', why: refusal }
  if (status === 530 && /\b1033\b/.test(text)) return { fate: 'not-sent', why: 'the tunnel is not connected to Cloudflare: is cloudflared running?' }
  return failures[status]
}

/** What a Workers VPC binding throws before it had a connection; of its other errors nobody knows what was done. */
export const neverThroughTunnel = (message: string): boolean => /\bProxyError: (?:dns_error|connection_refused)\b/.test(message)
