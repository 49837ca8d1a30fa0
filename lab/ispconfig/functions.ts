// The remote functions that Berth and the tests call, by name, with the session already checked. Arguments are named; a missing
// one is null. Not simulated (strays): templates, slaves, DNSSEC, other record types, catch-alls, lists, filters, sites, limits of clients.
import type { World } from '../world.ts'
import { Fault } from './fault.ts'
import { add, get, php, record, remove, update, type Kind, type Params } from './rows.ts'
import { ispconfigState, nextId, rowOf, type Row } from './state.ts'

type Remote = (world: World, given: Params) => unknown

const zone: Kind = { form: 'dns_zone', table: 'dns_soa' }
const client: Kind = { form: 'client', table: 'client' }
const crud = (name: string, kind: Kind): Record<string, Remote> => ({
  [`${name}_get`]: (world, { primary_id }) => get(world, kind, primary_id),
  [`${name}_add`]: (world, { client_id, params }) => add(world, kind, client_id, record(params)),
  [`${name}_update`]: (world, { client_id, primary_id, params }) => update(world, kind, client_id, primary_id, record(params)),
  [`${name}_delete`]: (world, { primary_id }) => remove(world, kind, primary_id),
})

const rr = (type: string): Record<string, Remote> => {
  const name = `dns_${type}`
  const kind: Kind = { form: name, table: 'dns_rr' }
  return {
    ...crud(name, kind),
    // The order is the vendor's: a record that is refused has raised the serial all the same.
    [`${name}_add`]: (world, { client_id, params, update_serial }) => {
      if (update_serial) increaseSerial(world, record(params)['zone'])
      return add(world, kind, client_id, record(params))
    },
    [`${name}_update`]: (world, { client_id, primary_id, params, update_serial }) => {
      const rows = update(world, kind, client_id, primary_id, record(params))
      if (update_serial) increaseSerial(world, record(params)['zone'])
      return rows
    },
    [`${name}_delete`]: (world, { primary_id, update_serial }) => {
      if (update_serial) increaseSerial(world, rowOf(ispconfigState(world), 'dns_rr', primary_id)?.['zone'])
      return remove(world, kind, primary_id)
    },
  }
}

/** YYYYMMDDnn. Of a zone that it cannot find it updates nothing, and complains of the nothing. */
function increaseSerial(world: World, id: unknown): void {
  const row = rowOf(ispconfigState(world), 'dns_soa', id)
  const today = Number(new Date(world.clock.now()).toISOString().slice(0, 10).replaceAll('-', ''))
  const serial = Number(row?.['serial'] ?? 0)
  const next = Math.floor(serial / 100) >= today ? serial + 1 : today * 100 + 1
  update(world, zone, 0, row?.['id'], { serial: String(next) })
}

function clientAdd(world: World, { params }: Params): number | string {
  const state = ispconfigState(world)
  const given = record(params)
  const id = add(world, client, 0, given)
  state.tables.sys_group.push({ groupid: String(nextId(state, 'sys_group')), name: String(given['username']), client_id: String(id) })
  return id
}

function byCustomerNo(world: World, { customer_no }: Params): Row {
  const wanted = php(customer_no).trim().toLowerCase()
  if (wanted === '') throw new Fault('There was no customer number specified.')
  const found = ispconfigState(world).tables.client.find((row) => row['customer_no']?.toLowerCase() === wanted)
  if (!found) throw new Fault('There is no user account for this customer number.')
  return found
}

/** Answers nothing with code ok where a release does so. */
const orNothing = (find: (world: World, given: Params) => Row): Remote => (world, given) => {
  const silent = world.random() < 0.5
  try {
    return find(world, given)
  } catch (error) {
    if (silent && error instanceof Fault && error.message.startsWith('There is no ')) return null
    throw error
  }
}

function groupId(world: World, { client_id }: Params): number {
  const found = ispconfigState(world).tables.sys_group.find((row) => row['client_id'] === String(client_id))
  if (!found) throw new Fault('There is no group for this client ID.')
  return Number(found['groupid'])
}

function zonesOf(world: World, { client_id, server_id }: Params): unknown {
  if (!Number(client_id) || !Number(server_id)) return false
  const { sys_group, dns_soa } = ispconfigState(world).tables
  const group = sys_group.find((row) => row['client_id'] === String(client_id))?.['groupid']
  return dns_soa.filter((row) => row['sys_groupid'] === group && row['server_id'] === String(server_id)).map(({ id, origin }) => ({ id, origin }))
}

/** Finds by the beginning of the name, and takes the first. */
function zoneId(world: World, { origin }: Params): number {
  if (!/^[a-z0-9][a-z0-9-]+[a-z0-9](\.[a-z]{2,4})+$/i.test(String(origin))) throw new Fault('Invalid domain name.')
  const found = ispconfigState(world).tables.dns_soa.find((row) => row['origin']!.toLowerCase().startsWith(String(origin).toLowerCase()))
  if (!found) throw new Fault('There is no domain ID with informed domain name.')
  return Number(found['id'])
}

/** Straight into the table: no server ever hears of it. */
const setStatus = (kind: Kind, yes: string, no: string): Remote => (world, { primary_id, status }) => {
  if (status !== 'active' && status !== 'inactive') throw new Fault('The status is not available')
  const row = rowOf(ispconfigState(world), kind.table, primary_id)
  const active = status === 'active' ? yes : no
  if (!row || row['active'] === active) return 0
  row['active'] = active
  return 1
}

const mailDomain: Kind = { form: 'mail_domain', table: 'mail_domain' }
const mailUser: Kind = { form: 'mail_user', table: 'mail_user' }

function userAdd(world: World, given: Params): unknown {
  const { tables } = ispconfigState(world)
  const domain = php(record(given['params'])['email']).split('@')[1] ?? ''
  if (!tables.mail_domain.some((row) => row['domain'] === domain)) throw new Fault(`Mail domain - ${domain} - does not exist.`)
  return add(world, mailUser, given['client_id'], record(given['params']))
}

function aliasAdd(world: World, given: Params): unknown {
  const source = record(given['params'])['source']
  if (ispconfigState(world).tables.mail_user.some((row) => row['email'] === source && row['postfix'] === 'y')) throw new Fault('There is already a mailbox with this email address.')
  return add(world, { form: 'mail_alias', table: 'mail_forwarding' }, given['client_id'], record(given['params']))
}

export const functions: Record<string, Remote> = {
  client_get: (world, { client_id }) => get(world, client, client_id),
  client_add: clientAdd,
  client_get_by_customer_no: orNothing(byCustomerNo),
  client_get_groupid: groupId,
  ...crud('dns_zone', zone),
  dns_zone_get_by_user: zonesOf,
  dns_zone_get_id: zoneId,
  dns_zone_set_status: setStatus(zone, 'Y', 'N'),
  dns_rr_get_all_by_zone: (world, { zone_id }) => get(world, { form: 'dns_a', table: 'dns_rr' }, { zone: zone_id }),
  ...Object.assign({}, ...['a', 'aaaa', 'cname', 'mx', 'ns', 'txt', 'srv', 'caa', 'tlsa', 'ptr', 'alias'].map(rr)) as Record<string, Remote>,
  ...crud('mail_domain', mailDomain),
  mail_domain_get_by_domain: (world, { domain }) => (domain ? get(world, mailDomain, { domain }) : false),
  mail_domain_set_status: setStatus(mailDomain, 'y', 'n'),
  ...crud('mail_user', mailUser),
  mail_user_add: userAdd,
  ...crud('mail_alias', { form: 'mail_alias', table: 'mail_forwarding' }),
  mail_alias_add: aliasAdd,
  ...crud('mail_forward', { form: 'mail_forward', table: 'mail_forwarding' }),
  monitor_jobqueue_count: (world, { server_id }) =>
    String(ispconfigState(world).datalog.filter((change) => !Number(server_id) || change.server === Number(server_id)).length),
}

