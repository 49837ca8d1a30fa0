// Everything the Worker may ask for, one line each; whatever is not here is refused. Paths are matched as they came over
// the wire, nothing is decoded: dots, doubled or encoded slashes match no line (only the name of a task or of a backup may hold encoded signs).

export type Vendor = 'proxmox' | 'linstor' | 'npm' | 'ispconfig'

const table: Record<Vendor, string> = {
  proxmox: `
    GET              /api2/json/version
    GET              /api2/json/cluster/resources
    GET POST         /api2/json/cluster/ha/resources
    GET PUT DELETE   /api2/json/cluster/ha/resources/{sid}
    GET POST         /api2/json/cluster/ha/rules
    GET PUT DELETE   /api2/json/cluster/ha/rules/{name}
    GET POST         /api2/json/cluster/ha/groups
    GET PUT          /api2/json/cluster/ha/groups/{name}
    GET              /api2/json/cluster/ha/status/current
    GET              /api2/json/nodes/{node}/tasks
    GET              /api2/json/nodes/{node}/tasks/{upid}/status
    GET POST         /api2/json/nodes/{node}/lxc
    DELETE           /api2/json/nodes/{node}/lxc/{vmid}
    GET PUT          /api2/json/nodes/{node}/lxc/{vmid}/config
    PUT              /api2/json/nodes/{node}/lxc/{vmid}/resize
    GET              /api2/json/nodes/{node}/lxc/{vmid}/status/current
    POST             /api2/json/nodes/{node}/lxc/{vmid}/status/{power}
    GET POST         /api2/json/nodes/{node}/lxc/{vmid}/snapshot
    DELETE           /api2/json/nodes/{node}/lxc/{vmid}/snapshot/{name}
    PUT              /api2/json/nodes/{node}/lxc/{vmid}/snapshot/{name}/config
    POST             /api2/json/nodes/{node}/lxc/{vmid}/snapshot/{name}/rollback
    POST             /api2/json/nodes/{node}/vzdump
    GET              /api2/json/storage
    GET              /api2/json/nodes/{node}/storage/{store}/content
    DELETE           /api2/json/nodes/{node}/storage/{store}/content/{archive}
    GET PUT          /api2/json/nodes/{node}/lxc/{vmid}/firewall/options
    GET POST         /api2/json/nodes/{node}/lxc/{vmid}/firewall/rules
    GET PUT DELETE   /api2/json/nodes/{node}/lxc/{vmid}/firewall/rules/{number}
  `,
  linstor: `
    GET              /v1/controller/version
    GET              /v1/nodes
    GET              /v1/view/resources
    GET              /v1/view/storage-pools
    GET              /v1/resource-definitions
    GET PUT          /v1/resource-definitions/{resource}
  `,
  npm: `
    GET POST         /api/nginx/proxy-hosts
    GET PUT DELETE   /api/nginx/proxy-hosts/{number}
    POST             /api/nginx/proxy-hosts/{number}/enable
    POST             /api/nginx/proxy-hosts/{number}/disable
    GET POST         /api/nginx/certificates
    GET DELETE       /api/nginx/certificates/{number}
  `,
  // Functions of its remote API; without their arguments in the query.
  ispconfig: `
    POST             /client_get_by_customer_no
    POST             /client_get_groupid
    POST             /client_add
    POST             /dns_zone_add
    POST             /dns_zone_delete
    POST             /dns_zone_get
    POST             /dns_zone_get_by_user
    POST             /dns_rr_get_all_by_zone
    POST             /dns_{rr}_get
    POST             /dns_{rr}_{write}
    POST             /mail_domain_get_by_domain
    POST             /mail_{box}_get
    POST             /mail_{mail}_{write}
    POST             /monitor_jobqueue_count
  `,
}

const patterns: Record<string, string> = {
  node: '[A-Za-z0-9][A-Za-z0-9-]{0,62}',
  vmid: '[1-9][0-9]{2,8}',
  number: '[0-9]{1,9}',
  sid: 'ct(?::|%3A)[1-9][0-9]{2,8}',
  name: '[A-Za-z][A-Za-z0-9_-]{0,79}',
  power: '(?:start|shutdown)',
  upid: 'UPID(?::|%3A)(?:[A-Za-z0-9._~!@:+-]|%3A|%40|%21|%2B)+',
  write: '(?:add|update|delete)',
  rr: '(?:a|aaaa|cname|mx|ns|txt|srv|caa|tlsa|ptr|alias)',
  mail: '(?:domain|user|alias|forward)',
  box: '(?:user|alias|forward)',
  store: '[A-Za-z][A-Za-z0-9_.-]{0,98}[A-Za-z0-9]',
  // Backups of containers only: a directory's file, or a snapshot on a Proxmox Backup Server.
  archive: '[A-Za-z][A-Za-z0-9_.-]{0,98}(?::|%3A)backup%2F(?:vzdump-lxc-[1-9][0-9]{2,8}-[0-9_-]{19}[.]tar(?:[.](?:zst|gz|lzo))?|ct%2F[1-9][0-9]{2,8}%2F[0-9TZ-]+(?:(?::|%3A)[0-9TZ-]+)*)',
  resource: '[A-Za-z_][A-Za-z0-9_-]{1,47}',
}

interface Rule { methods: string[]; path: RegExp }

const rules = Object.fromEntries(Object.entries(table).map(([vendor, lines]) => [vendor, lines.trim().split('\n').map(rule)])) as Record<Vendor, Rule[]>

function rule(line: string): Rule {
  const words = line.trim().split(/\s+/)
  const path = words.pop()!.replace(/\{(\w+)\}/g, (_, name: string) => `(?:${patterns[name]!})`)
  return { methods: words, path: new RegExp(`^${path}$`) }
}

/** Whether the Worker may ask `vendor` for this. `path` and `search` (with its `?`, or empty) as they are in the URL. */
export function allowed(vendor: Vendor, method: string, path: string, search: string): boolean {
  if (vendor === 'ispconfig' && search !== '') return false
  if (vendor === 'npm' && !harmlessExpansion(search)) return false
  return rules[vendor].some((rule) => rule.methods.includes(method) && rule.path.test(path))
}

/** NPM expands `access_list.[clients,items]` with its passwords in clear. */
function harmlessExpansion(search: string): boolean {
  for (const [name, value] of new URLSearchParams(search)) {
    if (name === 'query') continue
    if (name !== 'expand' || value.split(',').some((part) => part !== 'owner' && part !== 'certificate')) return false
  }
  return true
}
