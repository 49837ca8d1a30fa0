// The parameters of the container endpoints, as the API viewer publishes them. Data only.
// https://pve.proxmox.com/pve-docs/api-viewer/
import type { PropertyString, Schema, Spec } from './parameters.ts'

const flag: Spec = { type: 'boolean' }
const text: Spec = { type: 'string' }
const mountOptions: Spec = { type: 'string',
  pattern: /^(discard|lazytime|noatime|nodev|noexec|nosuid)(;(discard|lazytime|noatime|nodev|noexec|nosuid))*$/ }

const rootfs: PropertyString = {
  main: 'volume',
  keys: { volume: { type: 'string', required: true }, acl: flag, mountoptions: mountOptions, quota: flag, replicate: flag, ro: flag,
    shared: flag, size: { type: 'string', pattern: /^\d+(\.\d+)?[KMGT]?$/ } },
}
const mountPoint: PropertyString = { main: 'volume', keys: { ...rootfs.keys, mp: { type: 'string', required: true }, backup: flag } }
const net: PropertyString = {
  keys: {
    name: { type: 'string', required: true, pattern: /^[-_.\w\d]+$/ }, bridge: { type: 'string', pattern: /^[-_.\w\d]+$/ }, firewall: flag,
    gw: { type: 'string', format: 'ipv4' }, gw6: { type: 'string', format: 'ipv6' },
    hwaddr: { type: 'string', format: 'mac-addr' }, ip: { type: 'string', format: 'pve-ipv4-config' },
    ip6: { type: 'string', format: 'pve-ipv6-config' }, link_down: flag,
    mtu: { type: 'integer', min: 64, max: 65535 }, rate: { type: 'number' }, tag: { type: 'integer', min: 1, max: 4094 },
    trunks: { type: 'string', pattern: /^\d+(;\d+)*$/ }, type: { type: 'string', enum: ['veth'] },
  },
}
const features: PropertyString = { keys: { force_rw_sys: flag, fuse: flag, keyctl: flag, mknod: flag, mount: text, nesting: flag } }

export const node: Spec = { type: 'string', required: true, format: 'pve-node' }
export const vmid: Spec = { type: 'integer', required: true, min: 100, max: 999_999_999 }
export const onContainer: Schema = { node, vmid }

const settings: Schema = {
  arch: { type: 'string', enum: ['amd64', 'i386', 'arm64', 'armhf', 'riscv32', 'riscv64'] },
  cmode: { type: 'string', enum: ['shell', 'console', 'tty'] },
  console: flag,
  cores: { type: 'integer', min: 1, max: 8192 },
  cpulimit: { type: 'number', min: 0, max: 8192 },
  cpuunits: { type: 'integer', min: 0, max: 500_000 },
  debug: flag,
  description: { type: 'string', maxLength: 8192 },
  'dev[n]': text,
  features: { type: 'string', format: features },
  hookscript: text,
  hostname: { type: 'string', maxLength: 255, format: 'dns-name' },
  lock: { type: 'string', enum: ['backup', 'create', 'destroyed', 'disk', 'fstrim', 'migrate', 'mounted', 'rollback', 'snapshot',
    'snapshot-delete'] },
  memory: { type: 'integer', min: 16 },
  'mp[n]': { type: 'string', format: mountPoint },
  nameserver: { type: 'string', format: 'ip-list' },
  'net[n]': { type: 'string', format: net },
  onboot: flag,
  ostype: { type: 'string', enum: ['debian', 'devuan', 'ubuntu', 'centos', 'fedora', 'opensuse', 'archlinux', 'alpine', 'gentoo', 'nixos',
    'unmanaged'] },
  protection: flag,
  rootfs: { type: 'string', format: rootfs },
  searchdomain: { type: 'string', format: 'dns-name-list' },
  startup: { type: 'string', format: 'pve-startup-order' },
  swap: { type: 'integer', min: 0 },
  tags: { type: 'string', format: 'pve-tag-list' },
  template: flag,
  timezone: text,
  tty: { type: 'integer', min: 0, max: 6 },
  unprivileged: flag,
  'unused[n]': text,
}
const settings9: Schema = { ...settings, entrypoint: text, env: text }

/** POST /nodes/{node}/lxc */
export const create = (major: 8 | 9): Schema => ({
  node, vmid, ...(major === 9 ? { ...settings9, 'ha-managed': flag } : settings),
  bwlimit: { type: 'number', min: 0 }, force: flag, 'ignore-unpack-errors': flag,
  ostemplate: { type: 'string', required: true, maxLength: 255 }, password: { type: 'string', minLength: 5 },
  pool: { type: 'string', format: 'pve-poolid' }, restore: flag, 'ssh-public-keys': text, start: flag,
  storage: { type: 'string', format: 'pve-storage-id' }, unique: { type: 'boolean', requires: 'restore' },
})

/** PUT /nodes/{node}/lxc/{vmid}/config */
export const update = (major: 8 | 9): Schema => ({
  node, vmid, ...(major === 9 ? settings9 : settings),
  delete: { type: 'string', format: 'pve-configid-list' }, revert: { type: 'string', format: 'pve-configid-list' },
  digest: { type: 'string', maxLength: 40 },
})

export const snapshotName: Spec = { type: 'string', required: true, maxLength: 40, format: 'pve-configid' }
