// Whom the gateway believes at the other end of a connection. Certificates that a cluster made for itself are pinned, each by its
// fingerprint, or vouched for by the cluster's own authority; the rest by those that everybody believes. Checked before a byte is sent.
import { Agent, buildConnector } from 'undici'

/** `fingerprint`: SHA-256 of the one certificate, in capitals with colons; `ca`: PEM. */
export type Trust = { fingerprint: string } | { ca: string }

/** As upstream.ts knows it: nothing was sent. */
export const otherCertificate = 'CERT_NOT_PINNED'

/** A node that is gone does not refuse, it is silent: the next one must have its turn long before the deadline. */
const connectTimeoutMs = 3_000

/** A fetch that believes `trust` (by origin) and, elsewhere, the public authorities. `close` ends what is kept open. */
export function trusting(trust: Readonly<Record<string, Trust>>): { fetch: (request: Request) => Promise<Response>; close: () => Promise<void> } {
  const others = new Agent({ connect: { timeout: connectTimeoutMs } })
  const agents = new Map(Object.entries(trust).map(([origin, one]) => [origin, 'ca' in one ? new Agent({ connect: { ca: one.ca, timeout: connectTimeoutMs } }) : pinned(one.fingerprint)]))
  return {
    fetch: (request) => {
      // `dispatcher` is Node's own word; the standard's types do not know it.
      const options = { dispatcher: agents.get(new URL(request.url).origin) ?? others, redirect: request.redirect }
      return fetch(request, options)
    },
    close: async () => void (await Promise.all([others, ...agents.values()].map((agent) => agent.destroy()))),
  }
}

/** The fingerprint is the whole proof, so names and authorities are not asked; nor are old sessions taken up, which show no certificate. */
function pinned(fingerprint: string): Agent {
  const connector = buildConnector({ rejectUnauthorized: false, maxCachedSessions: 0, timeout: connectTimeoutMs })
  return new Agent({
    connect: (options, done) => connector(options, (error, socket) => {
      if (error) return done(error, null)
      if ('getPeerCertificate' in socket && socket.getPeerCertificate().fingerprint256 === fingerprint) return done(null, socket)
      socket.destroy()
      done(Object.assign(new Error('the certificate is not the one that is pinned'), { code: otherCertificate }), null)
    }),
  })
}
