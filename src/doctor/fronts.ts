// Well-known services that stand in front of web sites (CDNs, web application firewalls), recognised by the addresses that they
// publish and by the names that their customers' CNAME records lead to. A service that is not here is "somewhere else".
import { inCidr } from '../domain/cluster.ts'

interface Front { name: string; networks: readonly string[]; hosts: RegExp; off: string }

const fronts: readonly Front[] = [
  {
    name: 'Cloudflare',
    // https://www.cloudflare.com/ips-v4
    networks: [
      '173.245.48.0/20', '103.21.244.0/22', '103.22.200.0/22', '103.31.4.0/22', '141.101.64.0/18', '108.162.192.0/18', '190.93.240.0/20', '188.114.96.0/20',
      '197.234.240.0/22', '198.41.128.0/17', '162.158.0.0/15', '104.16.0.0/13', '104.24.0.0/14', '172.64.0.0/13', '131.0.72.0/22',
    ],
    hosts: /\.cdn\.cloudflare\.net$/,
    off: 'set the proxy status of this record to "DNS only" (the grey cloud) at Cloudflare',
  },
  // https://api.fastly.com/public-ip-list
  { name: 'Fastly', networks: ['151.101.0.0/16', '199.232.0.0/16', '146.75.0.0/17', '167.82.0.0/17'], hosts: /\.fastly(?:lb)?\.net$/, off: 'take the domain out of the service at Fastly' },
  { name: 'Amazon CloudFront', networks: ['13.32.0.0/15', '13.224.0.0/14', '18.64.0.0/14', '99.84.0.0/16', '143.204.0.0/16', '205.251.192.0/19'], hosts: /\.cloudfront\.net$/, off: 'take the name out of the CloudFront distribution' },
  { name: 'Akamai', networks: [], hosts: /\.(?:edgekey|edgesuite|akamaiedge|akamai)\.net$/, off: 'take the name out of the Akamai property' },
  { name: 'bunny.net', networks: [], hosts: /\.b-cdn\.net$/, off: 'remove the hostname from the pull zone at bunny.net' },
  { name: 'Sucuri', networks: ['192.88.134.0/23', '185.93.228.0/22', '66.248.200.0/22', '208.109.0.0/22'], hosts: /\.sucuri\.(?:net|cloud)$/, off: 'remove the site from the firewall at Sucuri' },
  { name: 'Imperva', networks: ['199.83.128.0/21', '198.143.32.0/19', '149.126.72.0/21', '103.28.248.0/22', '45.64.64.0/22', '185.11.124.0/22', '192.230.64.0/18', '107.154.0.0/16'], hosts: /\.(?:incapdns|impervadns)\.net$/, off: 'remove the site from Imperva' },
]

/** The service behind these IPv4 addresses or names of a CNAME chain; undefined when none is known. */
export function frontOf(addresses: readonly string[], aliases: readonly string[]): { name: string; off: string } | undefined {
  return fronts.find((one) => aliases.some((name) => one.hosts.test(name)) || addresses.some((address) => one.networks.some((network) => inCidr(address, network))))
}
