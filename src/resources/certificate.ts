// A certificate for one name of a custom domain, from Let's Encrypt through Nginx Proxy Manager (HTTP-01). Each name has its own, so
// that one that does not lead here spoils nothing for the other. NPM blocks until certbot has ended: when the answer is lost, its row
// without an expiry says that certbot still works. It is never asked without a place in the budgets of Let's Encrypt.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { numberMark } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Certificate } from '../upstreams/npm/wire.ts'
import type { Reach } from './reach.ts'

export interface CertificateWish { host: string; apex: string }

/** `expiresOn` as the proxy manager has it, in its own time zone; it renews a month before. */
const Out = z.object({ id: z.number(), expiresOn: z.string() })

const minuteMs = 60_000
/** Pauses after one try, two, …; the last one for ever. */
const pausesMs = [2, 5, 15, 60, 180, 720, 1440].map((minutes) => minutes * minuteMs)
/** NPM itself gives certbot up after a quarter of an hour: a row that is unfinished for longer was left by one that was restarted meanwhile. */
const certbotMaxMs = 16 * minuteMs
const [neverFinished, stillUsed] = ['never finished', 'still used']
/** Somebody else's certbot, such as the hourly renewal. */
const elsewhereMs = 45_000

export const certificate: Resource<Reach, CertificateWish, z.infer<typeof Out>> = {
  name: 'certificate',
  title: 'Certificate',
  needs: ['domain:*'],
  aside: true,
  system: 'npm',
  pools: () => ['npm'],
  spends: (want, { host, apex }) => (want === 'present' ? ['le-orders', `le-registered:${apex}`, `le-set:${host}`, `le-tries:${host}`] : []),
  callTimeoutMs: 20_000,
  busyMs: 20 * minuteMs,
  pollMs: 3_000,
  output: Out,

  async observe({ up, wish, want, mark, busyForMs, unfinished }): Promise<Seen<z.infer<typeof Out>>> {
    const ours = await oursOf(up, wish.host, mark)
    const dead = ours.some((one) => !finished(one))
    if (dead && busyForMs <= certbotMaxMs && !unfinished) return { state: 'busy', why: 'the certificate has been requested' }
    if (dead && want === 'present') return { state: 'present', ok: false, differs: neverFinished, unfinished: true }
    const newest = ours.sort((a, b) => b.id - a.id)[0]
    if (!newest) return { state: 'absent' }
    const out = { id: newest.id, expiresOn: newest.expires_on ?? '' }
    const used = want === 'absent' && (await up.npm.proxyHosts()).some((host) => ours.some(({ id }) => id === host.certificate_id))
    // Files that a host still names would fail every later write of nginx.
    if (used) return { state: 'present', ok: false, differs: stillUsed, out }
    return dead ? { state: 'present', ok: false, differs: neverFinished, unfinished: true } : { state: 'present', ok: true, out }
  },

  async make({ up, wish, attempt, mark, unfinished }) {
    if (unfinished) return remove(up, (await oursOf(up, wish.host, mark)).filter((one) => !finished(one)))
    try {
      await up.npm.requestCertificate(wish.host, numberMark(mark))
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.fate !== 'not-sent' || !error.landed) throw error
      const elsewhere = /Another instance of Certbot/i.test(error.message)
      const retryAfterMs = elsewhere ? elsewhereMs : pausesMs[Math.min(attempt, pausesMs.length) - 1]!
      const why = elsewhere ? 'another certificate is being made' : `no certificate for ${wish.host} yet: ${reasonOf(error.message)}`
      throw new UpstreamError('npm', 'not-sent', why, { landed: true, status: 422, retryAfterMs, cause: error })
    }
    return undefined
  },

  async unmake({ up, wish, mark }, seen) {
    if (seen?.state === 'present' && !seen.ok && seen.differs === stillUsed) throw new UpstreamError('npm', 'unknown', 'a proxy host still uses the certificate', { landed: true })
    return remove(up, await oursOf(up, wish.host, mark))
  },
}

async function remove(up: Reach, certificates: readonly Certificate[]): Promise<undefined> {
  for (const { id } of certificates) await up.npm.deleteCertificate(id)
}

/** The mark is where NPM keeps a number for challenges over DNS, which it ignores for others: no other field takes one. */
const oursOf = async (up: Reach, host: string, mark: string): Promise<Certificate[]> =>
  (await up.npm.certificates()).filter((one) => one.provider === 'letsencrypt' && one.domain_names.length === 1 && one.domain_names[0] === host && one.meta?.propagation_seconds === numberMark(mark))

/** Until certbot has ended, a row expires in the moment in which it was made. Both times are in the server's own zone. */
const finished = ({ created_on, expires_on }: Certificate): boolean => Date.parse(expires_on ?? '') - Date.parse(created_on) > 24 * 60 * minuteMs

/** Certbot's words, as a customer may read them. */
function reasonOf(said: string): string {
  if (/too many|rate ?limit/i.test(said)) return 'the certificate authority has issued too many lately'
  if (/\bCAA\b/.test(said)) return 'CAA records of the domain forbid it'
  if (/NXDOMAIN|No valid IP|DNS problem|SERVFAIL/i.test(said)) return 'the certificate authority did not find the name in DNS'
  if (/Max retries|ConnectionError|Name or service not known/i.test(said)) return 'the web proxy did not reach the certificate authority'
  if (/unauthorized|Timeout|Connection refused|Invalid response|challenges have failed/i.test(said)) return 'the certificate authority did not reach us under this name'
  return 'the certificate authority did not issue it'
}
