// The one place where clients are constructed: what lies behind the gateway, Cloudflare, the DNS resolvers and
// the hosts of MTA-STS policies directly.
// Holds the gateway's key, the token for Access before it and Cloudflare's token, hands none out, knows no other secret.

import { Cloudflare, words as cloudflareWords } from './cloudflare/client.ts'
import { Dns } from './dns/client.ts'
import { Gateway } from './gateway/client.ts'
import type { Call, Endpoint, Rim } from './http.ts'
import { Http, gatewayWords } from './http.ts'
import { Ispconfig } from './ispconfig/client.ts'
import { words as ispconfigWords } from './ispconfig/remote.ts'
import { Linstor } from './linstor/client.ts'
import { Npm, words as npmWords } from './npm/client.ts'
import { words as proxmoxWords } from './proxmox/api.ts'
import { PolicyHost } from './policy-host.ts'
import type { Proxmox } from './proxmox/client.ts'
import { proxmox } from './proxmox/client.ts'

/** `cloudflareUrl` ends in /client/v4. */
export interface UpstreamSettings {
  gatewayUrl: string
  gatewayKeyId: string
  gatewayKey: string
  /** Shown to Cloudflare Access, where that stands before the gateway. */
  accessToken?: { id: string; secret: string } | undefined
  cloudflareUrl: string
  cloudflareToken: string
  cloudflareZoneId: string
  /** DNS over HTTPS, e.g. `https://cloudflare-dns.com/dns-query`. */
  dnsResolvers: readonly string[]
}

export interface Upstreams { proxmox: Proxmox; linstor: Linstor; npm: Npm; cloudflare: Cloudflare; ispconfig: Ispconfig; gateway: Gateway; dns: Dns; policyHost: PolicyHost }

/** The clients for one call at a time: time-outs, fences and signatures follow from what `call` says. */
export function upstreams(settings: UpstreamSettings, rim: Rim): (call: Call) => Upstreams {
  const key = { id: settings.gatewayKeyId, secret: settings.gatewayKey }
  const gate = settings.gatewayUrl.replace(/\/+$/, '')
  const { accessToken } = settings
  const through = { key, headers: accessToken ? { 'CF-Access-Client-Id': accessToken.id, 'CF-Access-Client-Secret': accessToken.secret } : {} }
  const endpoints = {
    proxmox: { system: 'proxmox', baseUrl: `${gate}/proxmox/api2/json`, ...through, words: proxmoxWords },
    // LINSTOR's words come with return codes, which only its client can read.
    linstor: { system: 'linstor', baseUrl: `${gate}/linstor`, ...through, words: () => undefined },
    npm: { system: 'npm', baseUrl: `${gate}/npm/api`, ...through, words: npmWords },
    ispconfig: { system: 'ispconfig', baseUrl: `${gate}/ispconfig`, ...through, words: ispconfigWords },
    gateway: { system: 'gateway', baseUrl: gate, ...through, words: gatewayWords },
    cloudflare: {
      system: 'cloudflare',
      baseUrl: settings.cloudflareUrl.replace(/\/+$/, ''),
      headers: { authorization: `Bearer ${settings.cloudflareToken}` },
      words: cloudflareWords,
    },
  } satisfies Record<string, Endpoint>
  const ownDns: Endpoint = { ...endpoints.gateway, system: 'dns' }
  const resolvers = settings.dnsResolvers.map((url) => ({ name: new URL(url).host, endpoint: { system: 'dns', baseUrl: url, words: () => undefined } satisfies Endpoint }))
  return (call) => {
    const dns = new Dns(resolvers.map(({ name, endpoint }) => ({ name, http: new Http(endpoint, rim, call) })), new Http(ownDns, rim, call))
    return {
      proxmox: proxmox(new Http(endpoints.proxmox, rim, call)),
      linstor: new Linstor(new Http(endpoints.linstor, rim, call)),
      npm: new Npm(new Http(endpoints.npm, rim, call)),
      cloudflare: new Cloudflare(new Http(endpoints.cloudflare, rim, call), settings.cloudflareZoneId),
      ispconfig: new Ispconfig(new Http(endpoints.ispconfig, rim, call)),
      gateway: new Gateway(new Http(endpoints.gateway, rim, call)),
      dns,
      policyHost: new PolicyHost(rim, call, dns),
    }
  }
}

/** Takes what is for the gateway through `binding`, where there is one, and everything else over the internet. */
export function byWay(gatewayUrl: string, binding: Pick<Rim, 'fetch'> | undefined, internet: Pick<Rim, 'fetch'>): Rim['fetch'] {
  const { origin } = new URL(gatewayUrl)
  return (request) => (binding && new URL(request.url).origin === origin ? binding : internet).fetch(request)
}
