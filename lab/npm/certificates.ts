// Certificates of the proxy manager: list, get, create (custom rows and Let's Encrypt), delete.
// A Let's Encrypt certificate deleted in use poisons every later `nginx -t`.
// Not simulated: upload, validate, renew, download, DNS providers (credentials are not checked), expiry as time passes.
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { issueCertificate } from './certbot.ts'
import { internal, notFound, Refusal } from './refusal.ts'
import { expansion, nextId, npmState, ownerOf, sqliteDate, type CertificateRow, type NpmState } from './rows.ts'
import { validated, type Shape } from './schema.ts'

const META: Shape = {
  required: [],
  fields: {
    certificate: { kind: 'string', min: 1 }, certificate_key: { kind: 'string', min: 1 }, dns_challenge: { kind: 'boolean' },
    dns_provider_credentials: { kind: 'string' }, dns_provider: { kind: 'string' }, letsencrypt_certificate: { kind: 'object' },
    propagation_seconds: { kind: 'integer', min: 0 }, key_type: { kind: 'string', among: ['rsa', 'ecdsa'] },
  },
}

export const CERTIFICATE: Shape = {
  required: ['provider'],
  fields: {
    provider: { kind: 'string', pattern: '^(letsencrypt|other)$' }, nice_name: { kind: 'string' },
    domain_names: { kind: 'names', min: 0 }, meta: { kind: 'shape', of: META },
  },
}

const EXPANDABLE = new Set(['owner'])

/** The rows as the list gives them, sorted by name; custom ones show their private key, as in the original. */
export function listCertificates(world: World, query: string, expand: string | undefined): object[] {
  const state = npmState(world)
  const wanted = expansion(expand, EXPANDABLE)
  if (!wanted) throw internal()
  return state.certificates
    .filter((row) => row.nice_name.toLowerCase().includes(query.toLowerCase()))
    .sort((a, b) => (a.nice_name < b.nice_name ? -1 : a.nice_name > b.nice_name ? 1 : a.id - b.id))
    .map((row) => certificateAnswer(state, row, wanted))
}

export function getCertificate(world: World, id: number, expand: string | undefined): object {
  const state = npmState(world)
  const wanted = expansion(expand, EXPANDABLE)
  if (!wanted) throw internal()
  const row = state.certificates.find((one) => one.id === id)
  if (!row) throw notFound(id)
  return certificateAnswer(state, row, wanted)
}

const certificateAnswer = (state: NpmState, row: CertificateRow, expand: readonly string[]): object =>
  expand.includes('owner') ? { ...row, owner: ownerOf(state) } : { ...row }

export async function createCertificate(world: World, body: unknown, authorised: () => void): Promise<object> {
  const given = validated(CERTIFICATE, body)
  authorised()
  const names = (given.domain_names ?? []) as string[]
  const meta = (given.meta ?? {}) as Record<string, unknown>
  if (given.provider === 'letsencrypt') return issueCertificate(world, names, meta)
  await world.clock.sleep(between(world.random, 20, 60))
  const state = npmState(world)
  const now = sqliteDate(world.clock.now())
  const row: CertificateRow = {
    id: nextId(world, state), created_on: now, modified_on: now, owner_user_id: 1, provider: 'other',
    nice_name: typeof given.nice_name === 'string' ? given.nice_name : names.join(', '), domain_names: names, expires_on: now, meta,
  }
  state.certificates.push(row)
  world.changed()
  return { ...row }
}

export async function deleteCertificate(world: World, id: number): Promise<void> {
  const state = npmState(world)
  const row = state.certificates.find((one) => one.id === id)
  if (!row) throw notFound(id)
  await world.clock.sleep(row.provider === 'letsencrypt' ? between(world.random, 800, 2000) : between(world.random, 20, 60))
  state.certificates = state.certificates.filter((one) => one !== row)
  // A custom certificate's files stay for ever; a revoked one's go, whoever still needs them.
  if (row.provider === 'letsencrypt') delete state.pems[id]
  world.changed()
}

/** Refuses what is not a whole number from 1 up, in the server's unhelpful words. */
export function idOf(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new Refusal(400, 'Internal Error')
  return Number(text)
}
