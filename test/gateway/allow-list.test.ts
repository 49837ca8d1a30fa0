// What the Worker may ask for: this and nothing else.
import { describe, expect, test } from 'vitest'
import { allowed } from '../../gateway/allow-list.ts'
import { said, site } from './worker.ts'

const upid = encodeURIComponent('UPID:node1:0000C1A2:00F3B6A1:6A1B2C3D:vzcreate:100:berth@pve!gateway:').replace('!', '%21')

const permitted = [
  'GET /proxmox/api2/json/version',
  'GET /proxmox/api2/json/cluster/resources?type=vm',
  'POST /proxmox/api2/json/cluster/ha/resources',
  'PUT /proxmox/api2/json/cluster/ha/resources/ct%3A100',
  'DELETE /proxmox/api2/json/cluster/ha/resources/ct:100',
  'POST /proxmox/api2/json/cluster/ha/rules',
  'DELETE /proxmox/api2/json/cluster/ha/rules/berth-t0123',
  'GET /proxmox/api2/json/cluster/ha/groups/berth-t0123',
  'GET /proxmox/api2/json/cluster/ha/status/current',
  'POST /proxmox/api2/json/nodes/node1/lxc',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/100?purge=1',
  'GET /proxmox/api2/json/nodes/node1/lxc/100/config',
  'PUT /proxmox/api2/json/nodes/node1/lxc/100/config',
  'GET /proxmox/api2/json/nodes/node1/lxc/100/status/current',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/status/start',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/status/shutdown',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/snapshot',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/100/snapshot/initial',
  'PUT /proxmox/api2/json/nodes/node1/lxc/100/firewall/options',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/firewall/rules',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/100/firewall/rules/0',
  'GET /proxmox/api2/json/nodes/node1/tasks?vmid=100',
  `GET /proxmox/api2/json/nodes/node1/tasks/${upid}/status`,
  'POST /proxmox/api2/json/nodes/node1/vzdump',
  'GET /proxmox/api2/json/nodes/node1/storage/backup/content?content=backup&vmid=100',
  'DELETE /proxmox/api2/json/nodes/node1/storage/backup/content/backup%3Abackup%2Fvzdump-lxc-100-2026_01_01-00_00_00.tar.zst',
  'DELETE /proxmox/api2/json/nodes/node1/storage/pbs/content/pbs%3Abackup%2Fct%2F100%2F2026-01-01T00%3A00%3A00Z',
  'GET /linstor/v1/controller/version',
  'GET /linstor/v1/view/resources?resources=pm-12345678',
  'GET /linstor/v1/view/storage-pools',
  'GET /linstor/v1/resource-definitions',
  'GET /proxmox/api2/json/storage',
  'PUT /linstor/v1/resource-definitions/pm-12345678',
  'GET /npm/api/nginx/proxy-hosts?query=example',
  'POST /npm/api/nginx/proxy-hosts',
  'GET /npm/api/nginx/proxy-hosts/7?expand=owner,certificate',
  'PUT /npm/api/nginx/proxy-hosts/7',
  'DELETE /npm/api/nginx/proxy-hosts/7',
  'POST /npm/api/nginx/proxy-hosts/7/disable',
  'GET /npm/api/nginx/certificates',
  'POST /npm/api/nginx/certificates',
  'DELETE /npm/api/nginx/certificates/7',
]

const forbidden = [
  // another method, another thing
  'DELETE /proxmox/api2/json/version',
  'PATCH /proxmox/api2/json/nodes/node1/lxc/100/config',
  'HEAD /proxmox/api2/json/version',
  'OPTIONS /proxmox/api2/json/version',
  'GET /proxmox/api2/json',
  'GET /proxmox/api2/json/',
  'GET /proxmox/api2/extjs/version',
  'POST /proxmox/api2/json/access/ticket',
  'POST /proxmox/api2/json/access/users/root@pam/token/x',
  'PUT /proxmox/api2/json/access/acl',
  'POST /proxmox/api2/json/nodes/node1/execute',
  'POST /proxmox/api2/json/nodes/node1/status',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/vncproxy',
  'POST /proxmox/api2/json/nodes/node1/storage/backup/content',
  'DELETE /proxmox/api2/json/nodes/node1/storage/backup/content/backup%3Aiso%2Fdebian.iso',
  'DELETE /proxmox/api2/json/nodes/node1/storage/backup/content/backup%3Abackup%2F..%2F..%2Fetc%2Fpasswd',
  'DELETE /proxmox/api2/json/nodes/node1/storage/global-lvm/content/global-lvm%3Apm-12345678_100',
  'DELETE /proxmox/api2/json/nodes/node1/storage/backup/content/backup%3Abackup%2Fvzdump-qemu-100-2026_01_01-00_00_00.vma.zst',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/status/reboot',
  'POST /proxmox/api2/json/nodes/node1/lxc/100/migrate',
  'POST /proxmox/api2/json/nodes/node1/qemu',
  'POST /proxmox/api2/json/nodes/node1/qemu/100/agent/exec',
  'DELETE /proxmox/api2/json/nodes/node1/lxc',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/99',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/abc',
  `DELETE /proxmox/api2/json/nodes/node1/tasks/${upid}`,
  'GET /proxmox/api2/json/version/',
  'DELETE /linstor/v1/resource-definitions/pm-12345678',
  'POST /linstor/v1/resource-definitions',
  'POST /linstor/v1/resource-definitions/pm-12345678/resources/node3',
  'DELETE /proxmox/api2/json/cluster/ha/groups/berth',
  'DELETE /linstor/v1/nodes/node1',
  'POST /linstor/v1/controller/auth/initialize-token-auth',
  'POST /npm/api/tokens',
  'GET /npm/api/tokens',
  'GET /npm/api/users',
  'PUT /npm/api/nginx/certificates/1',
  'POST /npm/api/nginx/certificates/1/upload',
  'GET /npm/api/nginx/proxy-hosts?expand=access_list.[clients,items]',
  'GET /npm/api/nginx/proxy-hosts?expand=owner&expand=access_list',
  'GET /npm/api/nginx/proxy-hosts?ExPand=access_list',
  'POST /ispconfig/login',
  'POST /ispconfig/logout',
  'POST /ispconfig/client_delete_everything',
  'POST /ispconfig/client_update',
  'POST /ispconfig/dns_zone_set_status',
  'POST /ispconfig/dns_zone_get_id',
  'POST /ispconfig/server_config_set',
  'POST /ispconfig/dns_zone_get?login',
  'POST /ispconfig/remote/json.php?dns_zone_get',
  'POST /ispconfig/dns_zone_get%26login',
  'GET /ispconfig/dns_zone_get',
  // one upstream's path under another, and none of them
  'GET /linstor/api2/json/version',
  'GET /npm/v1/nodes',
  'GET /api2/json/version',
  'GET /metrics',
  'GET /proxmoxx/api2/json/version',
  'POST /tasks/run:1',
  'GET /playbooks/install-wordpress',
  // other spellings of something allowed, or of a way out of it
  'GET /proxmox//api2/json/version',
  'GET //proxmox/api2/json/version',
  'GET /proxmox/api2/json/nodes/node1/lxc/100/../../../../access/users',
  'GET /proxmox/api2/json/nodes/node1/lxc/%2e%2e/%2e%2e/%2e%2e/access/users',
  'GET /proxmox/api2/json/nodes/node1/lxc/100%2fconfig',
  'GET /proxmox/api2/json/nodes/node1%2f..%2fnode2/lxc',
  'GET /proxmox/api2/json/nodes/%2e%2e%2faccess/lxc',
  'GET /proxmox/api2/json/nodes/node1/lxc/100/%63onfig',
  'GET /%70roxmox/api2/json/version',
  'GET /proxmox/api2/json/nodes/node1;x/lxc',
  'GET /proxmox/api2/json/nodes/node1/tasks/UPID:x%2F..%2e/status',
  'GET /proxmox/api2/json/nodes/node1/tasks/UPID:x%2F..%2F..%2F..%2Faccess/status',
  'GET /proxmox/api2/json/nodes/%252e%252e%252faccess/lxc',
  'GET /proxmox/api2/json/nodes/node1/lxc/%252e%252e/config',
  'GET /proxmox/api2/json/nodes/node1/tasks/UPID:x%252F..%252Faccess/status',
  'DELETE /proxmox/api2/json/nodes/node1/storage/backup/content/backup%3Abackup%252F..%252F..%252Fetc%252Fpasswd',
  'GET /proxmox/api2/json/nodes/node1/lxc/100/config%00',
  'GET /proxmox/api2/json/nodes/node1/lxc/100%0d%0aHost:%20node2/config',
  'GET /proxmox/..%5c..%5capi2/json/version',
  'GET /proxmox/api2/json/nodes/node1/lxc/\uff11\uff10\uff10/config',
  'DELETE /proxmox/api2/json/nodes/node1/lxc/100/snapshot/..%00',
  'GET /proxmox/../npm/api/users',
]

describe('the allow list', () => {
  test.each(permitted)('lets %s through unchanged', async (line) => {
    const [method, path] = line.split(' ') as [string, string]
    const { send, heard } = site(({ url }) => (url.pathname === '/api/tokens' ? Response.json({ token: 'tok-tok', expires: '2026-01-02T00:00:00Z' }) : Response.json({})))
    const answer = await send(method, path, method === 'POST' || method === 'PUT' ? { body: '{}' } : {})
    expect(await said(answer)).toMatchObject({ status: 200, landed: '1', fate: null })
    const { url } = heard.at(-1)!
    expect(`${method} ${url.pathname}${url.search}`).toBe(line.replace(/ \/(proxmox|linstor|npm)/, ' '))
  })

  test.each(forbidden)('refuses %s', async (line) => {
    const [method, path] = line.split(' ') as [string, string]
    const { send, heard } = site()
    expect(await said(await send(method, path))).toMatchObject({ status: 403, landed: null })
    expect(heard).toHaveLength(0)
  })

  test('knows the functions of ISPConfig that the client calls', () => {
    const names = ['client_add', 'client_get_by_customer_no', 'dns_zone_add', 'dns_zone_get_by_user', 'dns_rr_get_all_by_zone', 'dns_caa_add', 'dns_ptr_delete', 'dns_a_get', 'mail_domain_get_by_domain', 'mail_user_get', 'mail_user_add', 'mail_forward_delete', 'monitor_jobqueue_count']
    expect(names.filter((name) => !allowed('ispconfig', 'POST', `/${name}`, ''))).toEqual([])
    for (const name of ['client_get', 'client_delete', 'dns_zone_update', 'mail_domain_get']) expect(allowed('ispconfig', 'POST', `/${name}`, '')).toBe(false)
    expect(allowed('proxmox', 'POST', '/api2/json/nodes/node1/lxc/100/status/stop', '')).toBe(false)
  })

  test('decides on what came over the wire, undecoded', () => {
    for (const path of ['/api2/json/nodes/../version', '/api2/json/./version', '/api2/json//version', '/api2/json/nodes/node1/lxc/100\n', '/api2/json/version\u0000'])
      expect(allowed('proxmox', 'GET', path, '')).toBe(false)
  })
})
