// A real nginx in a container of its own, at the address where the proxy manager stands: serves what the simulated manager has loaded, to visitors
// who come through a socket in a folder that the machine and the container share. TLS is not shown.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { npmState } from '../../lab/npm/rows.ts'
import type { World } from '../../lab/world.ts'
import type { Node } from './node.ts'

export interface Page { status: number; headers: Record<string, string | string[] | undefined>; text: string }

export interface ReverseProxy {
  /** To be called after each change of the world. */
  look(): void
  visit(host: string, path: string, more?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Page>
  close(): Promise<void>
}

const vmid = 190

// Done when no worker is left that knows the old configuration.
const reload = `
rm -f /etc/nginx/sites-enabled/*
if old=$(pgrep -P "$(pgrep -o nginx)"); then
  nginx -s reload
  for _ in {1..100}; do kill -0 $old 2> /dev/null || break; sleep 0.1; done
else
  rm -f /srv/door/visitors.sock
  nginx
fi
chmod 777 /srv/door/visitors.sock`

/** `suspended` answers where the manager sends the visitors of suspended sites: the gateway's own listener, on the machine. */
export async function openReverseProxy(node: Node, world: World, template: string, address: string, suspended: { host: string; port: number; at: URL }): Promise<ReverseProxy> {
  const door = join(node.dir, 'door')
  mkdirSync(door, { recursive: true })
  // Its nginx is somebody else here.
  chmodSync(door, 0o777)
  const page = createServer((socket) => {
    const through = connect(Number(suspended.at.port), suspended.at.hostname)
    socket.on('error', () => through.destroy()).pipe(through).on('error', () => socket.destroy()).pipe(socket)
  }).listen({ path: join(door, 'suspended.sock'), writableAll: true })
  await node.pct('create', vmid, template, '--hostname', 'proxy', '--net0', `name=eth0,bridge=vmbr1,ip=${address}/24,gw=192.168.1.1`, '--mp0', `${door},mp=/srv/door`)
  await node.boot(vmid)
  let served = ''
  let writing = Promise.resolve()

  const configuration = (): string => Object.values(npmState(world).served).filter((site) => !site.fault).map((site) => {
    const target = site.forwardHost === suspended.host && site.forwardPort === suspended.port ? 'http://unix:/srv/door/suspended.sock' : `http://${site.forwardHost}:${site.forwardPort}`
    return `server {\n  listen unix:/srv/door/visitors.sock;\n  server_name ${site.domainNames.join(' ')};\n  location / {\n    proxy_pass ${target};\n    proxy_set_header Host $host;\n` +
      `    proxy_set_header X-Forwarded-Proto ${site.forwardScheme};\n    proxy_set_header X-Real-IP 198.51.100.7;\n  }\n}\n`
  }).join('')

  async function load(text: string): Promise<void> {
    writeFileSync(join(node.dir, 'proxy.conf'), `server_names_hash_bucket_size 128;\nserver {\n  listen unix:/srv/door/visitors.sock default_server;\n  return 404;\n}\n${text}`)
    await node.pct('push', vmid, join(node.dir, 'proxy.conf'), '/etc/nginx/conf.d/sites.conf')
    await node.pct('exec', vmid, '--', 'bash', '-c', reload)
  }

  const look = (): void => {
    const text = configuration()
    if (text === served) return
    served = text
    writing = writing.then(() => load(text))
  }
  await load('')
  return {
    look,
    async visit(host, path, more = {}) {
      await writing
      return new Promise((resolve, reject) => {
        request({ agent: false, socketPath: join(door, 'visitors.sock'), path, method: more.method ?? 'GET', headers: { host, ...more.headers } }, (answer) => {
          let text = ''
          answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
        }).on('error', reject).end(more.body)
      })
    },
    async close() {
      await writing.catch(() => undefined)
      await new Promise((resolve) => page.close(resolve))
    },
  }
}
