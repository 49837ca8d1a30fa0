// The HTTP calls of Paymenter's ProxmoxWP extension, exactly: its paths, its bearer key, its fields, its time-outs. The
// storefront and the command line both buy through this. Never retries by itself, never reads more than the answer.

/** The lab's billing key; its hash is in .dev.vars.example. Worthless elsewhere. */
export const billingKey = 'lab-billing-key'

export interface Answer {
  /** 0 when nobody answered. */
  status: number
  ok: boolean
  body: Record<string, unknown>
  /** A sentence for the customer when it is not ok. */
  error: string
}

export interface Order { service_id: string; email: string; plan: string; public_ip: string }

export const createSite = (apiBase: string, order: Order): Promise<Answer> => post(apiBase, '/create-site', order, 60_000)

/** What the extension calls for a service, after the slash. */
export type Call = 'delete-site' | 'suspend' | 'unsuspend' | `action/${'start' | 'stop' | 'restart' | 'reset' | 'toggle'}`

export const changeSite = (apiBase: string, what: Call, serviceId: string): Promise<Answer> => post(apiBase, `/${what}`, { service_id: serviceId }, 25_000)

/** Not one of the extension's calls, but one of a billing connection: the link that its `url` is logs in to the site's WordPress, once. */
export const loginLink = (apiBase: string, serviceId: string): Promise<Answer> => post(apiBase, '/site/login-link', { service_id: serviceId }, 25_000)

export const upgradeSite = (apiBase: string, serviceId: string, plan: string): Promise<Answer> => post(apiBase, '/wp/upgrade/', { service_id: serviceId, plan }, 25_000)

async function post(apiBase: string, path: string, fields: object, timeoutMs: number): Promise<Answer> {
  try {
    const answer = await fetch(new URL(path, apiBase), {
      method: 'POST',
      headers: { authorization: `Bearer ${billingKey}`, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(fields),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    const error = typeof body['error'] === 'string' ? body['error'] : `The platform answered with status ${answer.status}.`
    return { status: answer.status, ok: answer.ok && body['success'] === true, body, error }
  } catch {
    return { status: 0, ok: false, body: {}, error: 'The platform does not answer at the moment. Please try again.' }
  }
}
