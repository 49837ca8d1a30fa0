// Proves, before anybody depends on it, that the gateway can do its work: its memory, every upstream, its rights there, its clock, its way to the nodes.
// Each finding says what was seen and what cures it. Reads only; never says a secret, never tries a log-in twice.
import * as z from 'zod'
import { Access } from './access.ts'
import type { GatewayConfig } from './config.ts'
import { Ispconfig } from './ispconfig.ts'
import { forgetful } from './memory.ts'
import { Npm } from './npm.ts'
import { Refusal } from './refusal.ts'
import { missingRights } from './rights.ts'
import { nodes } from './ssh/check.ts'
import type { Ssh } from './ssh/client.ts'
import { otherCertificate } from './trust.ts'
import { isUntrusted, NotConnected, send, type Answer, type Order, type Rim } from './upstream.ts'
import type { Vendor } from './allow-list.ts'

/** `error`: orders will fail. `warning`: they will not, but something is wrong. */
export interface Finding { about: string; level: 'ok' | 'warning' | 'error'; says: string; cure?: string }

const askedMs = 10_000
/** Dates on the wire are whole seconds, so one says nothing. */
const offsetMs = { warning: 3_000, error: 30_000 }

/** All findings, in the order of the configuration. `remember` opens the memory and closes it again, and throws when that fails; without it nobody tries. `ssh` is closed by whoever opened it. */
export async function check(config: GatewayConfig, rim: Rim, remember: (() => void) | undefined, ssh: Pick<Ssh, 'names' | 'ask'> | undefined): Promise<Finding[]> {
  const { proxmox, linstor, npm, ispconfig } = config.upstreams
  const all = await Promise.all([
    proxmoxNodes(rim, proxmox.urls, `PVEAPIToken=${proxmox.token}`, proxmox.token.split('=')[0]!),
    linstorControllers(rim, linstor.urls, linstor.token),
    nginxProxyManager(rim, new Npm(rim, npm, forgetful(rim.now())), npm.url),
    ...(ispconfig ? [panel(rim, new Ispconfig(rim, ispconfig, forgetful(rim.now())), ispconfig.url)] : []),
    nodes(ssh),
  ])
  return [...memory(config, remember), ...(config.access ? [await accessKeys(new Access(rim, config.access), config.access.team)] : []), ...all.flat()]
}

async function accessKeys(access: Access, team: string): Promise<Finding> {
  const about = `access ${team}.cloudflareaccess.com`
  try {
    await access.prove()
    return { about, level: 'ok', says: 'shows its keys' }
  } catch (error) {
    return failed(about, error, 'is "team" the name under Zero Trust > Settings > Team name? May this machine reach the internet on port 443? Until then everything is refused')
  }
}

function memory(config: GatewayConfig, remember: (() => void) | undefined): Finding[] {
  const about = `memory ${config.state ?? '(none)'}`
  if (config.state === undefined)
    return [{ about, level: 'warning', says: 'a restart forgets what was heard', cure: 'set "state" to a file in the service\'s own directory, e.g. /var/lib/berth-gateway/state.sqlite' }]
  if (remember === undefined) return [{ about, level: 'ok', says: 'not tried as root, whose file it would become' }]
  try {
    remember()
    return [{ about, level: 'ok', says: 'can be read and written' }]
  } catch (error) {
    const says = `cannot be opened: ${error instanceof Error ? error.message : 'no reason given'}`
    return [{ about, level: 'error', says, cure: 'let its directory belong to the service\'s user (StateDirectory= does); is the disk full? A damaged file: move it away' }]
  }
}

async function proxmoxNodes(rim: Rim, urls: readonly string[], authorization: string, tokenId: string): Promise<Finding[]> {
  const headers = { authorization, accept: 'application/json' }
  const seen = await Promise.all(urls.map(async (url) => {
    const about = `proxmox ${url}`
    const asked = rim.now()
    const answer = await reached(rim, 'proxmox', url, { method: 'GET', path: '/api2/json/version', headers })
    if ('level' in answer) return { url, alive: false, findings: [answer] }
    if (answer.status === 401)
      return { url, alive: false, findings: [{ about, level: 'error' as const, says: `refuses the token ${tokenId}`, cure: `on a node: pveum user token list ${tokenId.split('!')[0]!}; expired or lost: pveum user token remove and add, then the new secret into the gateway's configuration` }] }
    if (answer.status !== 200) return { url, alive: false, findings: [{ about, level: 'error' as const, says: `answers ${answer.status}`, cure: 'on the node: systemctl status pveproxy pve-cluster; pvecm status' }] }
    return { url, alive: true, findings: [{ about, level: 'ok' as const, says: `answers, version ${version.safeParse(decoded(answer.body)).data?.data.version ?? 'unknown'}` }, ...clock(about, answer.date, (asked + rim.now()) / 2)] }
  }))
  const first = seen.find(({ alive }) => alive)
  // One node that is away is what the others are for.
  const findings = seen.flatMap((one) => one.findings).map((one): Finding => (first && one.says.startsWith('cannot be reached') ? { ...one, level: 'warning' } : one))
  if (first === undefined) return findings
  return [...findings, ...await permissions(rim, first.url, headers, tokenId)]
}

async function permissions(rim: Rim, url: string, headers: Record<string, string>, tokenId: string): Promise<Finding[]> {
  const about = `proxmox rights of ${tokenId}`
  const answer = await reached(rim, 'proxmox', url, { method: 'GET', path: '/api2/json/access/permissions', headers })
  if ('level' in answer) return [answer]
  const missing = answer.status === 200 ? missingRights(decoded(answer.body)) : undefined
  if (missing === undefined) return [{ about, level: 'error', says: `GET /access/permissions answers ${answer.status} and no list`, cure: 'on a node: pveum user token permissions <user> <token>' }]
  if (missing.length === 0) return [{ about, level: 'ok', says: 'all that is needed' }]
  return missing.map(({ path, privileges, why }) => ({
    about, level: 'error', says: `lacks ${privileges.join(', ')} on ${path} (${why})`,
    cure: `on a node: pveum role add BerthGateway; pveum role modify BerthGateway --append 1 --privs "${privileges.join(' ')}"; pveum acl modify ${path} --tokens '${tokenId}' --roles BerthGateway (with privilege separation its user needs the same)`,
  }))
}

function clock(about: string, date: string | null, now: number): Finding[] {
  const offset = date === null ? NaN : Date.parse(date) + 500 - now
  if (Number.isNaN(offset)) return [{ about: `clock, by ${about}`, level: 'warning', says: 'tells no time', cure: 'compare by hand: date -u' }]
  const level = Math.abs(offset) >= offsetMs.error ? 'error' : Math.abs(offset) >= offsetMs.warning ? 'warning' : 'ok'
  if (level === 'ok') return [{ about: `clock, by ${about}`, level, says: 'agrees within some seconds' }]
  return [{ about: `clock, by ${about}`, level, says: `is ${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? 'ahead of' : 'behind'} this machine`, cure: 'on both: timedatectl; chronyc tracking. A signature is refused when it is more than 5 s ahead of this machine or a minute behind' }]
}

async function linstorControllers(rim: Rim, urls: readonly string[], token: string | undefined): Promise<Finding[]> {
  const headers = { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
  const findings = await Promise.all(urls.map(async (url): Promise<Finding> => {
    const answer = await reached(rim, 'linstor', url, { method: 'GET', path: '/v1/controller/version', headers })
    if ('level' in answer) return answer
    const about = `linstor ${url}`
    if (answer.status === 200) return { about, level: 'ok', says: 'answers' }
    return { about, level: 'error', says: `answers ${answer.status}`, cure: answer.status === 401 || answer.status === 403 ? 'the token of the gateway is not accepted there' : 'on the node: systemctl status linstor-controller' }
  }))
  // Only the active controller listens.
  return findings.some(({ level }) => level === 'ok') ? findings.map((one) => (one.says.startsWith('cannot be reached') ? { ...one, level: 'ok' as const, says: 'does not listen; another is the active one' } : one)) : findings
}

async function nginxProxyManager(rim: Rim, npm: Npm, url: string): Promise<Finding[]> {
  const about = `npm ${url}`
  try {
    const answer = await npm.ask({ method: 'GET', path: '/api/nginx/proxy-hosts', headers: { accept: 'application/json' } }, rim.now() + askedMs, () => undefined)
    return answer.status === 200 ? [{ about, level: 'ok', says: 'lets the account in' }] : [{ about, level: 'error', says: `answers ${answer.status}`, cure: 'its log: docker logs <container>' }]
  } catch (error) {
    return [failed(about, error, 'Users in its panel: the address and password of the account, "Manage" for proxy hosts and certificates, visibility "All items", two-factor authentication off')]
  }
}

async function panel(rim: Rim, ispconfig: Ispconfig, url: string): Promise<Finding[]> {
  const about = `ispconfig ${url}`
  const cure = 'System > Remote Users in the panel: password, remote access on, this machine\'s address allowed, the groups that docs/gateway.md lists'
  try {
    const answer = await ispconfig.ask({ method: 'POST', path: '/monitor_jobqueue_count', headers: {}, body: '{"server_id":0}' }, rim.now() + askedMs, () => undefined)
    const { code, message } = said.safeParse(decoded(answer.body)).data ?? { code: `status ${answer.status}` }
    return code === 'ok' ? [{ about, level: 'ok', says: 'lets the remote user in' }] : [{ about, level: 'error', says: `answers ${code}: ${(message ?? '').slice(0, 200)}`, cure }]
  } catch (error) {
    return [failed(about, error, cure)]
  }
}

const version = z.object({ data: z.object({ version: z.string() }) })
const said = z.object({ code: z.string(), message: z.string().nullish() })

/** The answer, or the finding that there is none. */
async function reached(rim: Rim, vendor: Vendor, url: string, order: Order): Promise<Answer | Finding> {
  try {
    return await send(rim, vendor, url, order, rim.now() + askedMs).answer
  } catch (error) {
    return failed(`${vendor} ${url}`, error, 'is it running, is the address right, does a firewall or the route stand between?')
  }
}

function failed(about: string, error: unknown, cure: string): Finding {
  if (error instanceof NotConnected && error.code === otherCertificate)
    return { about, level: 'error', says: 'shows another certificate than the one that is pinned', cure: 'was it renewed? On that node: openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem, and put that into the configuration. If it is the same as before, somebody stands between' }
  if (error instanceof NotConnected && isUntrusted(error.code))
    return { about, level: 'error', says: `shows a certificate that nobody vouches for (${error.code})`, cure: 'give its "fingerprint" (openssl x509 -noout -fingerprint -sha256), or the cluster\'s authority as "ca" (/etc/pve/pve-root-ca.pem)' }
  if (error instanceof NotConnected) return { about, level: 'error', says: `cannot be reached (${error.code})`, cure }
  if (error instanceof Refusal) return { about, level: 'error', says: error.message, cure }
  return { about, level: 'error', says: 'could not be asked', cure }
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
